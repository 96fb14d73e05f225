//! Input of a mail client to the runner's inbox: command lines, and a mail.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../rehearse/src/services/smtp_inbox"]
#[expect(dead_code, reason = "the program uses more of them than is fed here")]
mod smtp_inbox {
    pub mod dialogue;
    pub mod mailbox;
    pub mod page;
}

use smtp_inbox::dialogue::{self, Command};
use smtp_inbox::mailbox::Mailbox;

fuzz_target!(|data: &[u8]| {
    for line in String::from_utf8_lossy(data).lines() {
        match dialogue::parse(line) {
            Ok(Command::Recipient(address)) => assert!(address.contains('@')),
            Ok(_) => {}
            Err(reply) => {
                assert!((250..600).contains(&reply.code));
                let said = reply.to_string();
                assert!(said.ends_with("\r\n") && said.matches("\r\n").count() == 1, "{said}");
            }
        }
    }
    let mailbox = Mailbox::default();
    mailbox.deliver(&["ann@example.com".to_owned()], data);
    let mails = mailbox.mails(Some("ANN@example.com"));
    assert_eq!(mails.len(), 1);
    let shown = smtp_inbox::page::render(&mails);
    assert!(shown.ends_with("</html>\n") && !shown.contains("<script"));
});
