//! The inbox as a page: newest first, codes large, each mail as text and, below,
//! as the HTML that other clients show; renewed every few seconds.

use std::fmt::Write;

use time::OffsetDateTime;
use time::macros::format_description;

use super::mailbox::Mail;

/// How many mails the page shows.
const SHOWN: usize = 100;

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta http-equiv=\"refresh\" content=\"3\">
<title>Inbox</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
article { border: 1px solid #8886; border-radius: .5rem; margin: 1rem 0; padding: .75rem 1rem; }
h2 { font-size: 1.1rem; margin: 0; }
p { margin: .25rem 0; overflow-wrap: anywhere; }
pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: .75rem 0 0; }
iframe { width: 100%; height: 16rem; margin-top: .75rem; border: 1px dashed #8886; background: #fff; }
.code { display: block; font: 700 2rem/1.4 ui-monospace, monospace; letter-spacing: .1em; user-select: all; }
</style>
</head>
<body>
<h1>Inbox</h1>
<p>Mails that were sent here, newest first. Nothing leaves this machine.</p>
";

/// The page with these mails, which come oldest first.
pub fn render(mails: &[Mail]) -> String {
    let mut page = HEAD.to_owned();
    if mails.is_empty() {
        page.push_str("<p>No mail yet.</p>\n");
    }
    for mail in mails.iter().rev().take(SHOWN) {
        article(&mut page, mail);
    }
    if mails.len() > SHOWN {
        let _ = writeln!(page, "<p>And {} older ones.</p>", mails.len() - SHOWN);
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn article(page: &mut String, mail: &Mail) {
    let _ = write!(
        page,
        "<article>\n<h2>{}</h2>\n<p>to {} at {}</p>\n<pre>",
        escaped(&mail.subject),
        escaped(&mail.to),
        time_of_day(mail.at)
    );
    for line in mail.text.trim().lines() {
        if is_code(line) {
            let _ = write!(page, "<span class=\"code\">{}</span>", line.trim());
        } else {
            page.push_str(&escaped(line));
            page.push('\n');
        }
    }
    page.push_str("</pre>\n");
    if let Some(html) = &mail.html {
        let _ = writeln!(
            page,
            "<iframe sandbox loading=\"lazy\" title=\"The same as HTML\" srcdoc=\"{}\"></iframe>",
            escaped(html)
        );
    }
    page.push_str("</article>\n");
}

/// A line with nothing but four to ten digits.
fn is_code(line: &str) -> bool {
    let line = line.trim();
    (4..=10).contains(&line.len()) && line.bytes().all(|byte| byte.is_ascii_digit())
}

fn time_of_day(unix_ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_ms) * 1_000_000)
        .ok()
        .and_then(|time| {
            time.format(format_description!("[hour]:[minute]:[second] UTC"))
                .ok()
        })
        .unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
