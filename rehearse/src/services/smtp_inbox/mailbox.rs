//! The mails that were taken, and what is to be refused.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use mail_parser::{MessageParser, PartType};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::dialogue::Reply;

/// How many mails are kept: the last ones.
const MAILS: usize = 10_000;

/// Mails, newest last. Cheap to clone.
#[derive(Clone, Default)]
pub struct Mailbox(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    mails: VecDeque<Mail>,
    refusals: Vec<Refusal>,
}

/// One mail to one recipient.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mail {
    /// The recipient of the envelope.
    pub to: String,
    /// The subject, decoded.
    pub subject: String,
    /// The text, decoded, with `\n` between lines.
    pub text: String,
    /// The HTML, if the mail has any.
    pub html: Option<String>,
    /// When it was taken, in Unix milliseconds.
    pub at: i64,
}

/// A reply to `RCPT TO` that rejects mail to an address.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// An address, or `*` for every address.
    to: String,
    /// The reply's code, 400 to 599; without it the recipient is taken after the delay.
    code: Option<u16>,
    /// The reply's text.
    text: Option<String>,
    /// How often; without it always.
    times: Option<u32>,
    /// How long the server dawdles before.
    #[serde(default)]
    delay_ms: u64,
}

/// What one recipient meets.
pub struct Treatment {
    /// How long to wait.
    pub delay: Duration,
    /// What to answer then, if not yes.
    pub reply: Option<Reply>,
}

impl Mailbox {
    /// Takes a mail in the form of RFC 5322.
    pub fn deliver(&self, recipients: &[String], message: &[u8]) {
        let mail = parse(message);
        let mut content = self.content();
        for to in recipients {
            if content.mails.len() == MAILS {
                content.mails.pop_front();
            }
            content.mails.push_back(Mail {
                to: to.clone(),
                ..mail.clone()
            });
        }
    }

    /// The mails, or those to one address.
    pub fn mails(&self, to: Option<&str>) -> Vec<Mail> {
        let content = self.content();
        let wanted = |mail: &&Mail| to.is_none_or(|to| mail.to.eq_ignore_ascii_case(to));
        content.mails.iter().filter(wanted).cloned().collect()
    }

    /// Empties the inbox.
    pub fn empty(&self) {
        self.content().mails.clear();
    }

    /// Refuses these from now on, instead of those before.
    pub fn refuse(&self, refusals: Vec<Refusal>) {
        self.content().refusals = refusals;
    }

    /// What a mail to `recipient` meets now.
    pub fn treatment(&self, recipient: &str) -> Treatment {
        let mut content = self.content();
        let refusal = content.refusals.iter_mut().find(|refusal| {
            refusal.times != Some(0)
                && (refusal.to == "*" || refusal.to.eq_ignore_ascii_case(recipient))
        });
        let Some(refusal) = refusal else {
            return Treatment {
                delay: Duration::ZERO,
                reply: None,
            };
        };
        if let Some(times) = &mut refusal.times {
            *times -= 1;
        }
        Treatment {
            delay: Duration::from_millis(refusal.delay_ms),
            reply: refusal.code.map(|code| Reply {
                code,
                text: refusal
                    .text
                    .clone()
                    .unwrap_or_else(|| "Refused on request".to_owned()),
            }),
        }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0
            .lock()
            .expect("nothing panics while it holds the mails")
    }
}

impl Refusal {
    /// Whether it is one that SMTP can speak: a code for "later" or "never", on one line.
    pub fn is_valid(&self) -> bool {
        let is_line = |text: &String| !text.contains(['\r', '\n']);
        self.code.is_none_or(|code| (400..600).contains(&code))
            && self.text.as_ref().is_none_or(is_line)
    }
}

fn parse(message: &[u8]) -> Mail {
    let mut mail = Mail {
        to: String::new(),
        subject: String::new(),
        text: String::new(),
        html: None,
        at: i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000)
            .expect("the year is not beyond 292 million"),
    };
    let Some(parsed) = MessageParser::default().parse(message) else {
        mail.text = lines(&String::from_utf8_lossy(message));
        return mail;
    };
    mail.subject = parsed.subject().unwrap_or_default().to_owned();
    mail.text = lines(&parsed.body_text(0).unwrap_or_default());
    mail.html = parsed.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(lines(html)),
        _ => None,
    });
    mail
}

fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}
