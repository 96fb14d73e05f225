//! Who is there. A presence is a lease: it runs out by itself when nothing more
//! is heard, and is shown a little longer, so that a cut of a few seconds does
//! not make people flicker.

use std::collections::BTreeMap;

use domain::Millis;
use domain::limits::PRESENCE_LEASE;
use domain::time::SECOND;

/// How much later than heard somebody is shown as gone.
const GRACE: Millis = 15 * SECOND;

/// Those who are present in a room, by user id, and until when.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Presence {
    until: BTreeMap<String, Millis>,
}

impl Presence {
    /// Takes the list that comes with a room.
    pub fn listed(&mut self, users: &[String], now: Millis) {
        for (user, until) in &mut self.until {
            if !users.contains(user) {
                *until = (*until).min(now + GRACE);
            }
        }
        for user in users {
            let until = self.until.entry(user.clone()).or_default();
            *until = (*until).max(now + PRESENCE_LEASE + GRACE);
        }
    }

    /// Somebody came, stays or goes. A lease in the past by this browser's clock
    /// says more about the clock than about them.
    pub fn heard(&mut self, user: &str, online: bool, until: Millis, now: Millis) {
        if online {
            let lease = (until - now).clamp(SECOND, PRESENCE_LEASE);
            self.until.insert(user.to_owned(), now + lease + GRACE);
        } else if let Some(shown) = self.until.get_mut(user) {
            *shown = (*shown).min(now + GRACE);
        }
    }

    /// Somebody was heard saying something, which only those do who are there.
    pub fn spoke(&mut self, user: &str, now: Millis) {
        self.heard(user, true, now + PRESENCE_LEASE, now);
    }

    /// Somebody is no longer a member.
    pub fn left(&mut self, user: &str) {
        self.until.remove(user);
    }

    /// Forgets those whose lease ran out; whether there were any.
    pub fn expire(&mut self, now: Millis) -> bool {
        let before = self.until.len();
        self.until.retain(|_, until| *until > now);
        self.until.len() != before
    }

    /// Whether somebody is shown as present.
    pub fn is_here(&self, user: &str) -> bool {
        self.until.contains_key(user)
    }

    /// Those who are shown as present.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.until.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_who_goes_is_shown_for_fifteen_seconds_more() {
        let mut presence = Presence::default();
        presence.heard("ann", true, 300_000, 0);
        presence.heard("ann", false, 0, 10_000);
        assert!(!presence.expire(24_999));
        assert!(presence.expire(25_000));
        assert!(!presence.is_here("ann"));
    }

    #[test]
    fn somebody_who_comes_back_meanwhile_was_never_gone() {
        let mut presence = Presence::default();
        presence.heard("ann", true, 300_000, 0);
        presence.heard("ann", false, 0, 10_000);
        presence.heard("ann", true, 315_000, 15_000);
        assert!(!presence.expire(60_000));
        assert!(presence.is_here("ann"));
    }

    #[test]
    fn a_lease_runs_out_by_itself() {
        let mut presence = Presence::default();
        presence.listed(&["ann".into()], 0);
        presence.heard("bob", true, 60_000, 0);
        assert!(presence.expire(75_000));
        assert_eq!(presence.users().collect::<Vec<_>>(), ["ann"]);
        assert!(presence.expire(315_000));
    }

    #[test]
    fn a_list_without_somebody_lets_them_go() {
        let mut presence = Presence::default();
        presence.listed(&["ann".into(), "bob".into()], 0);
        presence.listed(&["bob".into()], 1_000);
        assert!(presence.expire(16_000));
        assert!(presence.is_here("bob"));
    }
}
