//! What an account is made of.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::limits::{NAME_CHARS, PASSWORD_CHARS_MOST, PASSWORD_CHARS_WITH_FACTOR};
use crate::text::{Invalid, line};

/// An address that mail can be sent to, in lower case, so that one mailbox is
/// one account. `Debug` hides it: addresses never reach a log.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address of the plain form `local@domain.tld` (RFC 5321 without
    /// quoted local parts and address literals).
    pub fn parse(field: &str, text: &str) -> Result<Self, Invalid> {
        let text = text.trim().to_ascii_lowercase();
        let is_address = text.len() <= 254
            && text
                .rsplit_once('@')
                .is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
        if is_address {
            Ok(Self(text))
        } else {
            Err(Invalid::new(
                field,
                "must be an e-mail address, such as ann@example.com.",
            ))
        }
    }

    /// The address itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

fn is_local_part(local: &str) -> bool {
    (1..=64).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte))
}

fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

/// The name that others see: one line of 1 to 80 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// Reads a name.
    pub fn parse(field: &str, text: &str) -> Result<Self, Invalid> {
        line(field, text, NAME_CHARS).map(Self)
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A password, NFKC-normalised so that it is the same from every keyboard
/// (NIST SP 800-63B-4, 3.1.1.2), never trimmed or cut. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Reads a new password of at least `least` characters. Whether it is a
    /// common one is judged by `credentials`, which has the dictionary.
    pub fn parse(field: &str, text: &str, least: usize) -> Result<Self, Invalid> {
        let password = Self::presented(text);
        match password.chars() {
            count if count < least => Err(Invalid::new(
                field,
                format!(
                    "must be at least {least} characters; this has {count}. A few words you will remember do well."
                ),
            )),
            count if count > PASSWORD_CHARS_MOST => Err(Invalid::new(
                field,
                format!("must be at most {PASSWORD_CHARS_MOST} characters; this has {count}."),
            )),
            _ => Ok(password),
        }
    }

    /// A password as somebody presents it to be compared: whatever it is, it is
    /// right or wrong, not invalid. What is longer than any password could be
    /// is shortened before it costs anything.
    pub fn presented(text: &str) -> Self {
        Self(text.chars().take(4 * PASSWORD_CHARS_MOST).nfkc().collect())
    }

    /// How many characters it has.
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    /// The password itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The least characters of somebody's password where `minimum` is that of one
/// which is the only factor.
pub fn least_password(minimum: usize, has_factor: bool) -> usize {
    if has_factor {
        minimum.min(PASSWORD_CHARS_WITH_FACTOR)
    } else {
        minimum
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_mailbox_whatever_its_case() {
        let address = EmailAddress::parse("email", " Ann@Example.COM ").unwrap();
        assert_eq!(address.as_str(), "ann@example.com");
    }

    #[test]
    fn what_is_no_address_is_refused_by_field() {
        for text in [
            "",
            "ann",
            "ann@",
            "@example.com",
            "ann@localhost",
            "a b@example.com",
            "ann@example..com",
            "ann@-example.com",
            "ann\r\nbcc: bob@example.com",
            "\"ann\"@example.com",
        ] {
            assert_eq!(
                EmailAddress::parse("email", text).unwrap_err().field,
                "email",
                "{text}"
            );
        }
    }

    #[test]
    fn item_19_a_password_counts_characters_and_not_bytes() {
        assert!(Password::parse("password", &"ä".repeat(15), 15).is_ok());
        assert!(Password::parse("password", &"ä".repeat(14), 15).is_err());
        assert!(Password::parse("password", &"x".repeat(256), 15).is_ok());
        assert!(Password::parse("password", &"x".repeat(257), 15).is_err());
    }

    #[test]
    fn item_19_the_minimum_is_15_and_8_only_with_a_second_factor() {
        assert_eq!(least_password(15, false), 15);
        assert_eq!(least_password(15, true), 8);
    }

    #[test]
    fn item_19_a_password_is_the_same_however_its_accents_were_typed() {
        assert_eq!(
            Password::presented("cafe\u{301}"),
            Password::presented("caf\u{e9}")
        );
    }

    #[test]
    fn neither_address_nor_password_shows_in_debug_output() {
        let address = EmailAddress::parse("email", "ann@example.com").unwrap();
        let password = Password::presented("correct horse battery");
        assert_eq!(
            format!("{address:?} {password:?}"),
            "EmailAddress(…) Password(…)"
        );
    }
}
