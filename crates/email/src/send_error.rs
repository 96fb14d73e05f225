//! Whether a failed email may be sent later.

use std::error::Error as _;

use lettre::transport::smtp::Error;

/// Why an email was not sent. Reasons contain no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may be accepted later: the server is unavailable, slow or busy, or
    /// rejects our login. It may even have been accepted, if only the reply was
    /// lost.
    #[error("{0}")]
    Transient(String),
    /// It will not be accepted, however often it is sent.
    #[error("{0}")]
    Permanent(String),
    /// Permanent, because the mailbox does not exist.
    #[error("{0}")]
    NoMailbox(String),
}

/// 5xx replies about our login, not about the email (RFC 4954): authentication
/// required, mechanism too weak, invalid credentials, encryption required. They
/// end once the configuration is right.
const LOGIN_ERRORS: [u16; 4] = [530, 534, 535, 538];

impl From<Error> for SendError {
    /// Leaves out the server's text, which often repeats the address.
    fn from(error: Error) -> Self {
        match error.status() {
            Some(code) => {
                let text = error.source().map(ToString::to_string);
                of_reply(code.into(), text.as_deref().unwrap_or_default())
            }
            None => Self::Transient(connection_error(&error).to_owned()),
        }
    }
}

fn of_reply(code: u16, text: &str) -> SendError {
    let detail = enhanced_status(text).map_or_else(String::new, |detail| format!(" {detail}"));
    if LOGIN_ERRORS.contains(&code) {
        SendError::Transient(format!(
            "the mail server rejected our login: {code}{detail}"
        ))
    } else if is_about_the_mailbox(code, enhanced_status(text)) {
        SendError::NoMailbox(format!("the mail server rejected it: {code}{detail}"))
    } else if (500..600).contains(&code) {
        SendError::Permanent(format!("the mail server rejected it: {code}{detail}"))
    } else {
        SendError::Transient(format!(
            "the mail server asked to retry later: {code}{detail}"
        ))
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
fn enhanced_status(text: &str) -> Option<&str> {
    let first = text.split_whitespace().next()?;
    let mut parts = first.split('.');
    let is_code = parts.clone().count() == 3
        && parts
            .all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    is_code.then_some(first)
}

fn connection_error(error: &Error) -> &'static str {
    if error.is_timeout() {
        "the mail server did not answer in time"
    } else if error.is_tls() {
        "no secure connection to the mail server"
    } else if error.is_response() {
        "the mail server closed the connection or does not speak SMTP"
    } else if error.is_client() {
        "the mail server lacks STARTTLS or a supported login"
    } else {
        "the mail server cannot be reached"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_4xx_reply_is_transient_and_a_5xx_reply_permanent() {
        assert_eq!(
            of_reply(451, "4.7.1 greylisted ann@example.com"),
            SendError::Transient("the mail server asked to retry later: 451 4.7.1".to_owned())
        );
        assert_eq!(
            of_reply(550, "5.1.1 no such user ann@example.com"),
            SendError::NoMailbox("the mail server rejected it: 550 5.1.1".to_owned())
        );
        assert_eq!(
            of_reply(554, "ann@example.com is unknown here"),
            SendError::Permanent("the mail server rejected it: 554".to_owned())
        );
    }

    #[test]
    fn item_46_only_a_reply_about_the_mailbox_suppresses_its_address() {
        for (code, text) in [(550, "5.1.1 unknown"), (550, "unknown"), (553, "5.1.3 bad")] {
            let error = of_reply(code, text);
            assert!(matches!(error, SendError::NoMailbox(_)), "{code} {text}");
        }
        for (code, text) in [(550, "5.7.1 spam"), (552, "5.2.2 full"), (554, "no")] {
            let error = of_reply(code, text);
            assert!(matches!(error, SendError::Permanent(_)), "{code} {text}");
        }
    }

    #[test]
    fn a_rejected_login_is_transient() {
        for code in LOGIN_ERRORS {
            assert!(matches!(
                of_reply(code, "5.7.8 no"),
                SendError::Transient(_)
            ));
        }
    }
}
