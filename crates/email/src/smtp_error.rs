//! What a mail server's refusal means.

use std::error::Error as _;

use lettre::transport::smtp::Error;

use crate::Outcome;

/// Replies that begin with 5 and are about us, not about the mail (RFC 4954):
/// authentication required, mechanism too weak, credentials wrong, encryption
/// required. They pass once the settings are right.
const OURS: [u16; 4] = [530, 534, 535, 538];

/// Whether the mail may be taken later. The server's own words are left out,
/// because they often repeat the address.
pub(crate) fn outcome(error: &Error) -> Outcome {
    match error.status() {
        Some(code) => {
            let words = error.source().map(ToString::to_string);
            of_reply(code.into(), words.as_deref().unwrap_or_default())
        }
        None => Outcome::Transient(fault(error).to_owned()),
    }
}

fn of_reply(code: u16, words: &str) -> Outcome {
    let detail = enhanced(words).map_or_else(String::new, |detail| format!(" {detail}"));
    if OURS.contains(&code) {
        Outcome::Transient(format!("the mail server refused our login: {code}{detail}"))
    } else if is_about_the_mailbox(code, enhanced(words)) {
        Outcome::NoMailbox(format!("the mail server refused: {code}{detail}"))
    } else if (500..600).contains(&code) {
        Outcome::Permanent(format!("the mail server refused: {code}{detail}"))
    } else {
        Outcome::Transient(format!("the mail server asked to wait: {code}{detail}"))
    }
}

/// Whether a reply says that the address does not exist: an enhanced code `5.1.x`
/// (RFC 3463, 3.2), or, without one, a code of RFC 5321, 4.2.2 for a mailbox.
fn is_about_the_mailbox(code: u16, enhanced: Option<&str>) -> bool {
    match enhanced {
        Some(detail) => detail.starts_with("5.1."),
        None => matches!(code, 550 | 551 | 553),
    }
}

/// The enhanced status code (RFC 3463) that a reply may begin with: `5.1.1`.
fn enhanced(words: &str) -> Option<&str> {
    let first = words.split_whitespace().next()?;
    let mut parts = first.split('.');
    let is_code = parts.clone().count() == 3
        && parts
            .all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    is_code.then_some(first)
}

fn fault(error: &Error) -> &'static str {
    if error.is_timeout() {
        "the mail server did not answer in time"
    } else if error.is_tls() {
        "no secure connection to the mail server"
    } else if error.is_response() {
        "the mail server answered something that is not SMTP, or hung up"
    } else if error.is_client() {
        "the mail server lacks what we need: STARTTLS or a way to log in"
    } else {
        "the mail server cannot be reached"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_with_4_passes_and_one_with_5_does_not() {
        assert_eq!(
            of_reply(451, "4.7.1 greylisted ann@example.com"),
            Outcome::Transient("the mail server asked to wait: 451 4.7.1".to_owned())
        );
        assert_eq!(
            of_reply(550, "5.1.1 no such user ann@example.com"),
            Outcome::NoMailbox("the mail server refused: 550 5.1.1".to_owned())
        );
        assert_eq!(
            of_reply(554, "ann@example.com is unknown here"),
            Outcome::Permanent("the mail server refused: 554".to_owned())
        );
    }

    #[test]
    fn item_46_only_a_reply_about_the_mailbox_suppresses_its_address() {
        for (code, words) in [(550, "5.1.1 unknown"), (550, "unknown"), (553, "5.1.3 bad")] {
            let outcome = of_reply(code, words);
            assert!(matches!(outcome, Outcome::NoMailbox(_)), "{code} {words}");
        }
        for (code, words) in [(550, "5.7.1 spam"), (552, "5.2.2 full"), (554, "no")] {
            let outcome = of_reply(code, words);
            assert!(matches!(outcome, Outcome::Permanent(_)), "{code} {words}");
        }
    }

    #[test]
    fn a_refused_login_parks_no_mail() {
        for code in OURS {
            assert!(matches!(of_reply(code, "5.7.8 no"), Outcome::Transient(_)));
        }
    }
}
