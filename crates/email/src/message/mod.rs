//! The texts: a subject and paragraphs, from which both parts are rendered.

use domain::Purpose;
use domain::challenge::CODE_DIGITS;
use queue::jobs::mail::{FactorChange, Job};

use crate::format::{day_and_time, escaped, quoted, time_of_day, wrapped};

/// The subject never contains a code, since locked screens show it.
#[derive(Debug)]
pub(crate) struct Email {
    pub(crate) subject: &'static str,
    paragraphs: Vec<Paragraph>,
}

#[derive(Debug)]
enum Paragraph {
    Text(String),
    /// Alone on its line.
    Code(String),
}

impl Email {
    /// The recipient's address and the email; `None` for [`Job::Nothing`].
    pub(crate) fn for_job<'a>(job: &'a Job, origin: &str) -> Option<(&'a str, Self)> {
        let (to, email) = match job {
            Job::SendOtp {
                email,
                otp,
                purpose,
                expires_at,
                link,
                ..
            } => {
                let until = time_of_day(*expires_at);
                let mut message = Self::with_code(*purpose, otp, &until, origin);
                if let Some(token) = link {
                    message.add_reset_link(token, origin);
                }
                (email, message)
            }
            Job::AccountExists { email } => (email, Self::account_exists(origin)),
            Job::PasswordChanged {
                email,
                totp,
                passkeys,
            } => (email, Self::password_changed(*totp, *passkeys, origin)),
            Job::FactorChanged { email, change } => (email, Self::factor_changed(*change, origin)),
            Job::NewSignIn { email, device, at } => {
                (email, Self::new_sign_in(device, &day_and_time(*at), origin))
            }
            Job::Invited { email, by, room } => (email, Self::invited(by, room, origin)),
            Job::Nothing {} => return None,
        };
        Some((to.as_str(), email))
    }

    /// Whether the code was removed, as in a parked job.
    pub(crate) fn lacks_its_code(&self) -> bool {
        self.paragraphs.iter().any(|paragraph| match paragraph {
            Paragraph::Code(code) => {
                code.len() != CODE_DIGITS || !code.bytes().all(|byte| byte.is_ascii_digit())
            }
            Paragraph::Text(_) => false,
        })
    }

    pub(crate) fn text(&self) -> String {
        let paragraphs: Vec<String> = self
            .paragraphs
            .iter()
            .map(|paragraph| match paragraph {
                Paragraph::Text(text) => wrapped(text),
                Paragraph::Code(code) => code.clone(),
            })
            .collect();
        paragraphs.join("\n\n") + "\n"
    }

    pub(crate) fn html(&self) -> String {
        let body: String = self
            .paragraphs
            .iter()
            .map(|paragraph| match paragraph {
                Paragraph::Text(text) => format!("<p>{}</p>\n", escaped(text)),
                Paragraph::Code(code) => format!(
                    "<p style=\"font-size:28px;font-weight:bold;letter-spacing:3px\">{}</p>\n",
                    escaped(code)
                ),
            })
            .collect();
        let subject = escaped(self.subject);
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{subject}</title></head>\n\
             <body style=\"font-family:sans-serif;font-size:16px;line-height:1.5\">\n{body}</body>\n</html>\n"
        )
    }

    fn with_code(purpose: Purpose, code: &str, until: &str, origin: &str) -> Self {
        let (subject, what, reason) = match purpose {
            Purpose::Register => (
                "Confirm your address for Banter",
                "This code confirms your email address for Banter:",
                format!(
                    "You received this email because this address was used to register at {origin}. \
                     If this was not you, ignore it: without the code no account is created."
                ),
            ),
            Purpose::Login => (
                "Your code to sign in to Banter",
                "This code completes your sign-in to Banter:",
                format!(
                    "You received this email because your address and password were entered at \
                     {origin}. If this was not you, your password is known to someone else: \
                     change it at once, and do not share this code."
                ),
            ),
            Purpose::Reset => (
                "Choose a new password for Banter",
                "With this code you can choose a new password for Banter:",
                format!(
                    "You received this email because a password reset was requested for this \
                     address at {origin}. If this was not you, ignore it: your password stays \
                     the same."
                ),
            ),
        };
        Self {
            subject,
            paragraphs: vec![
                paragraph(what),
                Paragraph::Code(code.to_owned()),
                paragraph(format!(
                    "Enter it on the page that asked for it. It works once, until {until}. \
                     We never ask for it by phone, chat or email."
                )),
                paragraph(reason),
            ],
        }
    }

    /// Follows the code: the code may be entered, the link followed.
    fn add_reset_link(&mut self, token: &str, origin: &str) {
        let link = format!("Or follow this link, which works for an hour: {origin}/#reset={token}");
        self.paragraphs.insert(3, paragraph(link));
    }

    fn account_exists(origin: &str) -> Self {
        Self::of(
            "You already have a Banter account",
            [
                format!(
                    "You received this email because this address was used to register at {origin}, \
                     but it already has an account. The account was not changed."
                ),
                "If this was you, sign in with your password, or reset it on the sign-in page."
                    .to_owned(),
                "If this was not you, ignore this email.".to_owned(),
            ],
        )
    }

    fn password_changed(totp: bool, passkeys: usize, origin: &str) -> Self {
        Self::of(
            "Your Banter password was changed",
            [
                format!(
                    "The password of your account at {origin} was changed, and your other devices \
                     were signed out."
                ),
                remaining_factors(totp, passkeys),
                format!(
                    "You received this email because we notify the owner of every password change. \
                     If this was not you, go to {origin} and reset your password at once."
                ),
            ],
        )
    }

    fn factor_changed(change: FactorChange, origin: &str) -> Self {
        let what = match change {
            FactorChange::TotpOn => {
                "Signing in now asks for a code from an authenticator app, or for a recovery code."
            }
            FactorChange::TotpOff => {
                "Signing in no longer asks for a code from an authenticator app."
            }
            FactorChange::RecoveryCodesMade => {
                "New recovery codes were created; the previous ones no longer work."
            }
            FactorChange::RecoveryCodeUsed => {
                "One of your recovery codes was used; it no longer works."
            }
            FactorChange::PasskeyAdded => "A passkey was added. It signs in without a password.",
            FactorChange::PasskeyRemoved => "A passkey was removed. It can no longer sign in.",
        };
        Self::of(
            "Your Banter sign-in options changed",
            [
                format!("This concerns your account at {origin}. {what}"),
                format!(
                    "You received this email because we notify the owner of every such change. If \
                     this was not you, sign in at {origin}, undo it, and change your password at \
                     once, which signs out every other device."
                ),
            ],
        )
    }

    fn new_sign_in(device: &str, at: &str, origin: &str) -> Self {
        Self::of(
            "New sign-in to your Banter account",
            [
                format!("Your account at {origin} was signed in to from a new device."),
                format!("When: {at}"),
                format!("Device: {}", quoted(device)),
                format!(
                    "You received this email because we notify the owner of every sign-in from a \
                     new device. If this was not you, change your password at {origin} at once, \
                     which signs out every other device."
                ),
            ],
        )
    }

    fn invited(by: &str, room: &str, origin: &str) -> Self {
        // A direct room has no name of its own.
        let chat = match room {
            "" => "a conversation".to_owned(),
            name => format!("the conversation \"{}\"", quoted(name)),
        };
        Self::of(
            "You are invited to Banter",
            [
                format!(
                    "\"{}\" invites you to {chat} on Banter, a chat service.",
                    quoted(by)
                ),
                format!(
                    "To join, sign in at {origin} and accept the invitation, or register there with \
                     this address."
                ),
                "You received this email because this person entered your address. If you do not \
                 know them, ignore it: nothing happens without you."
                    .to_owned(),
            ],
        )
    }

    fn of<const N: usize>(subject: &'static str, paragraphs: [String; N]) -> Self {
        Self {
            subject,
            paragraphs: paragraphs.into_iter().map(Paragraph::Text).collect(),
        }
    }
}

/// Names the sign-in options besides the password: an attacker who had access to the
/// mailbox or the account may have added them.
fn remaining_factors(totp: bool, passkeys: usize) -> String {
    let what = match (totp, passkeys) {
        (false, 0) => return "No other sign-in option is set up.".to_owned(),
        (true, 0) => "an authenticator app".to_owned(),
        (false, 1) => "1 passkey".to_owned(),
        (false, n) => format!("{n} passkeys"),
        (true, 1) => "an authenticator app and 1 passkey".to_owned(),
        (true, n) => format!("an authenticator app and {n} passkeys"),
    };
    format!("These sign-in options still work: {what}. Remove any that is not yours.")
}

fn paragraph(text: impl Into<String>) -> Paragraph {
    Paragraph::Text(text.into())
}

#[cfg(test)]
mod tests;
