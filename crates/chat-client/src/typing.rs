//! Who is writing.

use std::time::Duration;

use std::collections::BTreeMap;

use domain::Timestamp;
use protocol::User;

/// How long a `typing` counts.
const LASTS: Duration = Duration::from_secs(6);

/// Those who are writing in a room, by user id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Typing {
    writers: BTreeMap<String, (User, Timestamp)>,
}

impl Typing {
    /// A user is typing.
    pub(crate) fn heard(&mut self, user: User, now: Timestamp) {
        self.writers.insert(user.id.clone(), (user, now + LASTS));
    }

    /// A user has sent the message, or left.
    pub(crate) fn stopped(&mut self, user: &str) {
        self.writers.remove(user);
    }

    /// Forgets those who stopped; whether there were any.
    pub(crate) fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.writers.len();
        self.writers.retain(|_, (_, until)| *until > now);
        self.writers.len() != before
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        self.writers
            .values()
            .map(|(user, _)| user.name.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{at, user};

    #[test]
    fn a_writer_counts_for_six_seconds_unless_heard_again() {
        let mut typing = Typing::default();
        typing.heard(user("ann"), at(0));
        typing.heard(user("bob"), at(3_000));
        assert!(typing.expire(at(6_000)));
        assert_eq!(typing.names(), ["bob"]);
        assert!(!typing.expire(at(8_999)));
        assert!(typing.expire(at(9_000)));
        assert!(typing.names().is_empty());
    }
}
