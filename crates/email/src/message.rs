//! What a mail says: a subject and paragraphs, from which both parts are made.

use domain::Purpose;
use domain::challenge::CODE_DIGITS;
use queue::jobs::mail::{FactorChange, Job};

use crate::format::{day_and_time, escaped, quoted, time_of_day, wrapped};

/// A subject, which never holds a code (it shows on locked screens), and
/// paragraphs.
#[derive(Debug)]
pub(crate) struct Email {
    pub(crate) subject: &'static str,
    paragraphs: Vec<Paragraph>,
}

#[derive(Debug)]
enum Paragraph {
    Words(String),
    /// Alone on its line.
    Code(String),
}

impl Email {
    /// The address and the letter for it, unless the job asks for none.
    pub(crate) fn for_job<'a>(job: &'a Job, origin: &str) -> Option<(&'a str, Self)> {
        let letter = match job {
            Job::SendOtp {
                email,
                otp,
                purpose,
                expires_at,
                link,
                ..
            } => {
                let until = time_of_day(*expires_at);
                let mut letter = Self::with_code(*purpose, otp, &until, origin);
                if let Some(token) = link {
                    letter.add_reset_link(token, origin);
                }
                (email, letter)
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
        Some((letter.0.as_str(), letter.1))
    }

    /// Whether it should bring a code and does not, as one that was parked.
    pub(crate) fn lacks_its_code(&self) -> bool {
        self.paragraphs.iter().any(|paragraph| match paragraph {
            Paragraph::Code(code) => {
                code.len() != CODE_DIGITS || !code.bytes().all(|byte| byte.is_ascii_digit())
            }
            Paragraph::Words(_) => false,
        })
    }

    /// The text part.
    pub(crate) fn text(&self) -> String {
        let paragraphs: Vec<String> = self
            .paragraphs
            .iter()
            .map(|paragraph| match paragraph {
                Paragraph::Words(words) => wrapped(words),
                Paragraph::Code(code) => code.clone(),
            })
            .collect();
        paragraphs.join("\n\n") + "\n"
    }

    /// The HTML part: paragraphs and one size of letters, which every client has.
    pub(crate) fn html(&self) -> String {
        let body: String = self
            .paragraphs
            .iter()
            .map(|paragraph| match paragraph {
                Paragraph::Words(words) => format!("<p>{}</p>\n", escaped(words)),
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
                "This code confirms your e-mail address for Banter:",
                format!(
                    "You get this mail because somebody registered at {origin} with this address. \
                     If it was not you, do nothing: without the code there will be no account."
                ),
            ),
            Purpose::Login => (
                "Your code to sign in to Banter",
                "This code completes your sign-in to Banter:",
                format!(
                    "You get this mail because somebody is signing in at {origin} with this \
                     address and its password. If it is not you, somebody knows your password: \
                     choose a new one there at once, and give this code to nobody."
                ),
            ),
            Purpose::Reset => (
                "Choose a new password for Banter",
                "With this code you can choose a new password for Banter:",
                format!(
                    "You get this mail because somebody at {origin} said that they have forgotten \
                     the password for this address. If it was not you, do nothing: your password \
                     stays as it is."
                ),
            ),
        };
        Self {
            subject,
            paragraphs: vec![
                words(what),
                Paragraph::Code(code.to_owned()),
                words(format!(
                    "Enter it on the page that asked for it. It works once, until {until}. \
                     We never ask for it by phone, chat or mail."
                )),
                words(reason),
            ],
        }
    }

    /// After the code: the code may be entered, the link followed.
    fn add_reset_link(&mut self, token: &str, origin: &str) {
        let link = format!("Or follow this link, which works for an hour: {origin}/#reset={token}");
        self.paragraphs.insert(3, words(link));
    }

    fn account_exists(origin: &str) -> Self {
        Self::of(
            "You have a Banter account already",
            [
                format!(
                    "You get this mail because somebody registered at {origin} with this address, \
                     which has an account already. The account is as it was."
                ),
                "If it was you, sign in with your password; if you have forgotten it, the page \
                 for signing in lets you choose a new one."
                    .to_owned(),
                "If it was not you, do nothing.".to_owned(),
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
                    "You get this mail because we tell the owner of an account whenever that \
                     happens. If it was not you, go to {origin}, say that you have forgotten your \
                     password and choose a new one at once."
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
                "Signing in does not ask for a code from an authenticator app any more."
            }
            FactorChange::RecoveryCodesMade => {
                "New recovery codes were made; the ones before count no more."
            }
            FactorChange::RecoveryCodeUsed => {
                "Somebody used one of your recovery codes; it counts no more."
            }
            FactorChange::PasskeyAdded => "A passkey was added, which signs in by itself.",
            FactorChange::PasskeyRemoved => "A passkey was removed; it signs nobody in any more.",
        };
        Self::of(
            "How you sign in to Banter was changed",
            [
                format!("This concerns your account at {origin}. {what}"),
                format!(
                    "You get this mail because we tell the owner of an account whenever that \
                     happens. If it was you, do nothing. If it was not you, sign in at {origin}, \
                     undo it, and change your password at once, which signs out every other device."
                ),
            ],
        )
    }

    fn new_sign_in(device: &str, at: &str, origin: &str) -> Self {
        Self::of(
            "New sign-in to your Banter account",
            [
                format!(
                    "Somebody signed in to your account at {origin} from a device that we have \
                     not seen before."
                ),
                format!("When: {at}"),
                format!("Device, as it calls itself: {}", quoted(device)),
                format!(
                    "You get this mail because we tell the owner of an account whenever that \
                     happens. If it was you, do nothing. If it was not you, change your password \
                     at {origin} at once, which signs out every other device."
                ),
            ],
        )
    }

    fn invited(by: &str, room: &str, origin: &str) -> Self {
        // A direct room has no name of its own.
        let talk = match room {
            "" => "a conversation".to_owned(),
            name => format!("the conversation \"{}\"", quoted(name)),
        };
        Self::of(
            "You are invited to Banter",
            [
                format!(
                    "Somebody who calls themselves \"{}\" invites you to {talk} on Banter, a chat.",
                    quoted(by)
                ),
                format!(
                    "To join, register at {origin} with this address: the conversation will be \
                     there."
                ),
                "You get this mail because that person entered your address. If you do not know \
                 them, do nothing: without you there will be no account."
                    .to_owned(),
            ],
        )
    }

    fn of<const N: usize>(subject: &'static str, paragraphs: [String; N]) -> Self {
        Self {
            subject,
            paragraphs: paragraphs.into_iter().map(Paragraph::Words).collect(),
        }
    }
}

/// What signs in besides the password: someone who got into the mailbox or the
/// account may have added it.
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

fn words(text: impl Into<String>) -> Paragraph {
    Paragraph::Words(text.into())
}

#[cfg(test)]
mod tests;
