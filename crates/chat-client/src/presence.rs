//! Who is there. A presence is a lease: it runs out by itself when nothing more
//! is heard, and is shown a little longer, so that a cut of a few seconds does
//! not make people flicker.

use std::time::Duration;

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::limits::PRESENCE_LEASE;

/// How long a user is shown as online after going offline.
const GRACE: Duration = Duration::from_secs(15);

/// Those who are present in a room.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Presence {
    shown: BTreeMap<String, Shown>,
    asked: Option<Timestamp>,
}

/// A user who is shown as online.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shown {
    until: Timestamp,
    /// Whether it was heard that they went.
    has_left: bool,
}

impl Presence {
    /// Takes the list that comes with a room.
    pub(crate) fn listed(&mut self, users: &[String], now: Timestamp) {
        let gone: Vec<String> = self.shown.keys().cloned().collect();
        for user in gone.iter().filter(|user| !users.contains(user)) {
            self.goes(user, now);
        }
        for user in users {
            self.stays(user, PRESENCE_LEASE, now);
        }
    }

    /// A person went online or offline. A lease counts in full from its arrival: its
    /// end is by the service's clock, which this machine's may not agree with.
    pub(crate) fn heard(&mut self, user: &str, online: bool, now: Timestamp) {
        if online {
            self.stays(user, PRESENCE_LEASE, now);
        } else {
            self.goes(user, now);
        }
    }

    /// Handles a sign of activity: the user is online.
    pub(crate) fn spoke(&mut self, user: &str, now: Timestamp) {
        self.stays(user, PRESENCE_LEASE, now);
    }

    /// Handles the end of a membership.
    pub(crate) fn left(&mut self, user: &str) {
        self.shown.remove(user);
    }

    /// Forgets those whose time is up; whether there were any.
    pub(crate) fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.shown.len();
        self.shown.retain(|_, shown| shown.until > now);
        self.shown.len() != before
    }

    /// Whether a lease has expired without an event: its renewal may have been
    /// lost. The caller then fetches the room, at most once per grace period.
    pub(crate) fn is_doubtful(&mut self, now: Timestamp) -> bool {
        let has_run_out = self
            .shown
            .values()
            .any(|shown| !shown.has_left && shown.until.saturating_since(now) <= GRACE);
        let is_due = has_run_out
            && self
                .asked
                .is_none_or(|asked| now.saturating_since(asked) > GRACE);
        if is_due {
            self.asked = Some(now);
        }
        is_due
    }

    /// Whether a user is shown as online.
    pub fn is_here(&self, user: &str) -> bool {
        self.shown.contains_key(user)
    }

    /// Those who are shown as present.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.shown.keys().map(String::as_str)
    }

    fn stays(&mut self, user: &str, lease: Duration, now: Timestamp) {
        let shown = Shown {
            until: now + lease + GRACE,
            has_left: false,
        };
        self.shown.insert(user.to_owned(), shown);
    }

    fn goes(&mut self, user: &str, now: Timestamp) {
        if let Some(shown) = self.shown.get_mut(user) {
            shown.until = shown.until.min(now + GRACE);
            shown.has_left = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::at;

    #[test]
    fn a_user_who_goes_offline_is_shown_for_fifteen_seconds_more() {
        let mut presence = Presence::default();
        presence.heard("ann", true, at(0));
        presence.heard("ann", false, at(10_000));
        assert!(!presence.expire(at(24_999)));
        assert!(presence.expire(at(25_000)));
        assert!(!presence.is_here("ann"));
    }

    #[test]
    fn a_user_who_comes_back_meanwhile_stays_online() {
        let mut presence = Presence::default();
        presence.heard("ann", true, at(0));
        presence.heard("ann", false, at(10_000));
        presence.heard("ann", true, at(15_000));
        assert!(!presence.expire(at(60_000)));
        assert!(presence.is_here("ann"));
    }

    #[test]
    fn a_lease_runs_out_by_itself() {
        let mut presence = Presence::default();
        presence.listed(&["ann".into()], at(0));
        presence.heard("bob", true, at(60_000));
        assert!(presence.expire(at(315_000)));
        assert_eq!(presence.users().collect::<Vec<_>>(), ["bob"]);
        assert!(presence.expire(at(375_000)));
    }

    #[test]
    fn a_list_without_a_user_takes_them_offline() {
        let mut presence = Presence::default();
        presence.listed(&["ann".into(), "bob".into()], at(0));
        presence.listed(&["bob".into()], at(1_000));
        assert!(presence.expire(at(16_000)));
        assert!(presence.is_here("bob"));
    }
}
