//! Typing indicators.

use std::time::Duration;

use std::collections::BTreeMap;

use domain::Timestamp;
use protocol::User;

/// How long a `typing` event is shown.
const LIFETIME: Duration = Duration::from_secs(6);

/// The users who are typing in a room, by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Typing {
    writers: BTreeMap<String, (User, Timestamp)>,
}

impl Typing {
    /// A user is typing.
    pub(crate) fn started(&mut self, user: User, now: Timestamp) {
        self.writers.insert(user.id.clone(), (user, now + LIFETIME));
    }

    /// A user has sent the message, or left.
    pub(crate) fn stopped(&mut self, user: &str) {
        self.writers.remove(user);
    }

    /// Removes expired users, and returns whether there were any.
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
    fn typing_is_shown_for_six_seconds_unless_it_is_repeated() {
        let mut typing = Typing::default();
        typing.started(user("ann"), at(0));
        typing.started(user("bob"), at(3_000));
        assert!(typing.expire(at(6_000)));
        assert_eq!(typing.names(), ["bob"]);
        assert!(!typing.expire(at(8_999)));
        assert!(typing.expire(at(9_000)));
        assert!(typing.names().is_empty());
    }

    #[test]
    fn a_user_who_sent_the_message_is_not_typing() {
        let mut typing = Typing::default();
        typing.started(user("ann"), at(0));
        typing.started(user("bob"), at(0));
        typing.stopped("id-of-ann");
        assert_eq!(typing.names(), ["bob"]);
    }
}
