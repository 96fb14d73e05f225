//! Configuration from environment variables. All errors are reported together:
//! a deployment fails with one message that names every missing or malformed
//! variable.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Environment variables, and the errors of those read so far.
#[derive(Debug, Default)]
pub struct Variables {
    values: BTreeMap<String, String>,
    errors: Vec<String>,
}

/// Which half of a key pair is in use.
#[derive(Debug, Clone, Copy, Default)]
enum Half {
    #[default]
    First,
    Second,
}

impl FromStr for Half {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "first" => Ok(Self::First),
            "second" => Ok(Self::Second),
            _ => Err(()),
        }
    }
}

/// Every fault of an environment, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvError(Vec<String>);

impl fmt::Display for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid environment: {}", self.0.join("; "))
    }
}

impl std::error::Error for EnvError {}

impl Variables {
    /// Variables from `pairs`; empty values count as absent.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            values: pairs
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect(),
            errors: Vec::new(),
        }
    }

    /// A required variable. A missing one is recorded and read as empty, so that
    /// later errors are found as well.
    pub fn text(&mut self, name: &str) -> String {
        match self.values.get(name) {
            Some(value) => value.clone(),
            None => {
                self.error(format!("{name} is missing"));
                String::new()
            }
        }
    }

    /// A required URL with one of `schemes`.
    pub fn url(&mut self, name: &str, schemes: &[&str]) -> String {
        let url = self.text(name);
        let known = url
            .split_once("://")
            .is_some_and(|(scheme, rest)| schemes.contains(&scheme) && !rest.is_empty());
        if !url.is_empty() && !known {
            let list = schemes.join(":// or ");
            self.error(format!("{name} must be a URL with {list}://"));
        }
        url
    }

    /// Adds an error unless `url` is encrypted or leads to this machine: what a
    /// function sends to its database, broker and mail server are secrets.
    pub fn require_encryption(&mut self, name: &str, url: &str, is_encrypted: bool, remedy: &str) {
        if !url.is_empty() && !is_encrypted && !is_local(url) {
            self.error(format!(
                "{name} must be encrypted except on this machine: {remedy}"
            ));
        }
    }

    /// A value of its own type that must be there. The value itself is not
    /// shown: it may be a secret.
    pub fn value<T: FromStr + Default>(&mut self, name: &str, what: &str) -> T {
        let text = self.text(name);
        match text.parse() {
            Ok(value) => value,
            Err(_) => {
                if !text.is_empty() {
                    self.error(format!("{name} must be {what}"));
                }
                T::default()
            }
        }
    }

    /// A secret of at least `least` bytes.
    pub fn secret(&mut self, name: &str, least: usize) -> String {
        let secret = self.text(name);
        if !secret.is_empty() && secret.len() < least {
            self.error(format!("{name} must have at least {least} bytes"));
        }
        secret
    }

    /// Two keys of at least `least` bytes each, the one in use first. The two
    /// halves of the text `name` are the keys, and `name` followed by `_IN_USE`
    /// says which half is in use: `first` or `second`. The other half is still
    /// accepted, so that a key can be rotated.
    pub fn key_pair(&mut self, name: &str, least: usize) -> [String; 2] {
        let in_use = self.value::<Half>(&format!("{name}_IN_USE"), "first or second");
        let [first, second] = self.halves(name, least);
        match in_use {
            Half::First => [first, second],
            Half::Second => [second, first],
        }
    }

    /// The two halves of a secret text, each of at least `least` bytes.
    pub fn halves(&mut self, name: &str, least: usize) -> [String; 2] {
        let text = self.text(name);
        match text.split_at_checked(text.len() / 2) {
            Some((first, second)) if text.len().is_multiple_of(2) && first.len() >= least => {
                [first.to_owned(), second.to_owned()]
            }
            _ => {
                if !text.is_empty() {
                    self.error(format!(
                        "{name} must be two halves of equal length with at least {least} bytes each"
                    ));
                }
                [String::new(), String::new()]
            }
        }
    }

    /// Records an error that only the caller can detect. Equal errors are reported
    /// once.
    pub fn error(&mut self, error: impl Into<String>) {
        let error = error.into();
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// Fails with all recorded errors.
    pub fn check(self) -> Result<(), EnvError> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(EnvError(self.errors))
        }
    }
}

/// Whether every host of a URL is this machine.
fn is_local(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    hosts.split(',').all(|host| {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        let is_loopback = name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
        name == "localhost" || is_loopback
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_pair_is_two_halves_and_starts_with_the_one_in_use() {
        let of = |value: &str, in_use: &str| {
            let mut variables = Variables::new([
                ("KEY".to_owned(), value.to_owned()),
                ("KEY_IN_USE".to_owned(), in_use.to_owned()),
            ]);
            let keys = variables.key_pair("KEY", 4);
            (keys, variables.check().is_ok())
        };
        let keys = |one: &str, other: &str| [one.to_owned(), other.to_owned()];
        assert_eq!(of("abcdefgh", "first"), (keys("abcd", "efgh"), true));
        assert_eq!(of("abcdefgh", "second"), (keys("efgh", "abcd"), true));
        for (value, in_use) in [
            ("abcdef", "first"),
            ("abcdefghi", "first"),
            ("abcé\u{e9}fg", "first"),
            ("abcdefgh", "third"),
            ("abcdefgh", ""),
            ("", "first"),
        ] {
            assert!(!of(value, in_use).1, "{value} {in_use}");
        }
    }

    #[test]
    fn a_secret_must_be_long_enough() {
        let errors = |value: &str| {
            let mut variables = Variables::new([("KEY".to_owned(), value.to_owned())]);
            variables.secret("KEY", 32);
            variables.check().map_err(|error| error.to_string())
        };
        assert_eq!(errors(&"x".repeat(32)), Ok(()));
        let short = errors(&"x".repeat(31)).unwrap_err();
        assert!(
            short.ends_with("KEY must have at least 32 bytes"),
            "{short}"
        );
        let missing = errors("").unwrap_err();
        assert!(missing.ends_with(": KEY is missing"), "{missing}");
    }

    #[test]
    fn a_url_needs_a_known_scheme_and_a_host() {
        let errors = |value: &str| {
            let mut variables = Variables::new([("URL".to_owned(), value.to_owned())]);
            let url = variables.url("URL", &["https", "http"]);
            (url, variables.check().map_err(|error| error.to_string()))
        };
        let good = "https://chat.example.com";
        assert_eq!(errors(good), (good.to_owned(), Ok(())));
        for bad in ["ftp://host", "https://", "host", "://host"] {
            let error = errors(bad).1.unwrap_err();
            assert!(
                error.ends_with("URL must be a URL with https:// or http://"),
                "{error}"
            );
        }
        let missing = errors("").1.unwrap_err();
        assert!(missing.ends_with(": URL is missing"), "{missing}");
    }

    #[test]
    fn all_errors_are_reported_together_and_without_values() {
        let mut variables = Variables::new([
            ("URI".to_owned(), "http://secret@host".to_owned()),
            ("COUNT".to_owned(), "many-secret".to_owned()),
            ("EMPTY".to_owned(), String::new()),
        ]);
        variables.url("URI", &["mongodb", "mongodb+srv"]);
        let _: u32 = variables.value("COUNT", "a whole number");
        variables.text("EMPTY");
        variables.text("GONE");
        variables.text("GONE");
        let message = variables.check().unwrap_err().to_string();
        assert_eq!(
            message,
            "invalid environment: URI must be a URL with mongodb:// or mongodb+srv://; \
             COUNT must be a whole number; EMPTY is missing; GONE is missing"
        );
    }

    #[test]
    fn item_47_only_this_machine_is_reached_without_encryption() {
        let is_refused = |url: &str, is_encrypted| {
            let mut variables = Variables::default();
            variables.require_encryption("URL", url, is_encrypted, "use TLS");
            variables.check().is_err()
        };
        for url in [
            "amqp://localhost:5672",
            "smtp://127.0.0.1:25",
            "smtp://[::1]:25",
            "mongodb://user:p%40ss@127.0.0.1:1,localhost:2/chat?x=y",
        ] {
            assert!(!is_refused(url, false), "{url}");
        }
        for url in [
            "amqp://broker.example.com",
            "smtp://localhost.example.com",
            "smtp://localhost@mail.example.com",
            "mongodb://localhost,10.0.0.7/chat",
            "mongodb://10.0.0.7/?host=localhost",
        ] {
            assert!(is_refused(url, false), "{url}");
            assert!(!is_refused(url, true), "{url}");
        }
    }
}
