//! The fields of an account.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::limits::{NAME_CHARS, PASSWORD_CHARS_MOST, PASSWORD_CHARS_WITH_FACTOR};
use crate::text::{ValidationError, line, too_long};

/// An email address in lower case, so that one mailbox is one account. `Debug`
/// hides it: addresses are never logged.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Parses an address of the form `local@domain.tld` (RFC 5321 without
    /// quoted local parts and address literals).
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let text = text.trim().to_ascii_lowercase();
        let is_address = text.len() <= 254
            && text
                .rsplit_once('@')
                .is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
        if is_address {
            Ok(Self(text))
        } else {
            Err(ValidationError::new(
                field,
                "Enter an email address such as ann@example.com.",
            ))
        }
    }

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
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    domain.contains('.')
        // An address of a host is not a domain.
        && !domain.rsplit('.').next().is_some_and(is_number)
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

/// A display name: one line of 1 to [`NAME_CHARS`] characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        line(field, text, NAME_CHARS).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A password, NFKC-normalised so that it is the same from every keyboard
/// (NIST SP 800-63B-4, 3.1.1.2), never trimmed or cut. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Parses a new password. Whether it is a common one is checked by `crypto`,
    /// which has the dictionary.
    pub fn parse(field: &str, text: &str, least: usize) -> Result<Self, ValidationError> {
        let password = Self::presented(text);
        match password.chars() {
            count if count < least => Err(ValidationError::new(
                field,
                format!(
                    "Enter at least {least} characters. You entered {count}. A few words that you will remember work well."
                ),
            )),
            count if count > PASSWORD_CHARS_MOST => {
                Err(too_long(field, count, PASSWORD_CHARS_MOST))
            }
            _ => Ok(password),
        }
    }

    /// A password to be compared: it is right or wrong, never invalid. An
    /// overlong one is cut before hashing it costs anything.
    pub fn presented(text: &str) -> Self {
        Self(text.chars().take(4 * PASSWORD_CHARS_MOST).nfkc().collect())
    }

    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The minimum length of a password: `minimum` where it is the only factor.
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
    fn unusual_valid_addresses_are_accepted() {
        for text in [
            "ann@my-host.example.com",
            "o'hara+chat_1@example.com",
            &format!("{}@example.com", "a".repeat(64)),
            &format!("ann@{}.com", "a".repeat(63)),
        ] {
            let address = EmailAddress::parse("email", text);
            assert_eq!(address.unwrap().as_str(), text);
        }
        let longest = format!("ann@{}{}.com", "a.".repeat(122), "ab");
        assert_eq!(longest.len(), 254);
        assert!(EmailAddress::parse("email", &longest).is_ok());
    }

    #[test]
    fn a_person_s_name_is_one_line_of_80_characters() {
        assert_eq!(PersonName::parse("name", " Ann ").unwrap().as_str(), "Ann");
        assert!(PersonName::parse("name", &"é".repeat(80)).is_ok());
        assert!(PersonName::parse("name", &"é".repeat(81)).is_err());
    }

    #[test]
    fn a_presented_password_is_cut_where_no_valid_one_can_reach() {
        let longest = "x".repeat(1_024);
        assert_eq!(Password::presented(&longest).as_str(), longest);
        assert_eq!(Password::presented(&"x".repeat(1_025)).chars(), 1_024);
        assert_eq!(Password::presented(" two words ").as_str(), " two words ");
    }

    #[test]
    fn an_invalid_address_is_rejected_by_field() {
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
            "ann@exa mple.com",
            "ann@example.com\r\nx.org",
            "ann@ex_ample.com",
            "ann@10.0.0.1",
            "ann@exämple.com",
            "ann@example-.com",
            ".ann@example.com",
            "ann.@example.com",
            "a..nn@example.com",
            &format!("{}@example.com", "a".repeat(65)),
            &format!("ann@{}.com", "a".repeat(64)),
            &format!("ann@{}.com", "a.".repeat(125)),
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
        assert_eq!(least_password(6, true), 6);
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
