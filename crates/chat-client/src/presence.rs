//! Presence. A lease expires unless it is renewed, and is shown a little longer, so
//! that people do not flicker after a short disconnect.

use std::time::Duration;

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::limits::PRESENCE_LEASE;

/// Time that a user is still shown as online after going offline.
const GRACE: Duration = Duration::from_secs(15);

/// How long a list of users may have been on its way: it does not know of an event that
/// overtook it.
const LIST_AGE: Duration = Duration::from_secs(10);

/// The users who are online in a room.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Presence {
    shown: BTreeMap<String, Shown>,
    asked: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Shown {
    until: Timestamp,
    /// Whether an offline event was received.
    has_left: bool,
    /// The last event that showed the user as online.
    seen_at: Option<Timestamp>,
}

impl Presence {
    /// Receives a room's `online` list.
    pub(crate) fn listed(&mut self, users: &[String], now: Timestamp) {
        for (user, shown) in &mut self.shown {
            let overtook = |seen_at| now.saturating_since(seen_at) < LIST_AGE;
            if !users.contains(user) && !shown.seen_at.is_some_and(overtook) {
                shown.goes(now);
            }
        }
        for user in users {
            let seen_at = self.shown.get(user).and_then(|shown| shown.seen_at);
            self.stays(user, seen_at, now);
        }
    }

    /// A person went online or offline. A lease counts in full from its arrival: its
    /// end is by the service's clock, which this machine's may not agree with.
    pub(crate) fn changed(&mut self, user: &str, online: bool, now: Timestamp) {
        if online {
            self.stays(user, Some(now), now);
        } else if let Some(shown) = self.shown.get_mut(user) {
            shown.goes(now);
        }
    }

    /// A user sent something, and therefore is online.
    pub(crate) fn active(&mut self, user: &str, now: Timestamp) {
        self.stays(user, Some(now), now);
    }

    /// A user is no longer a member.
    pub(crate) fn left(&mut self, user: &str) {
        self.shown.remove(user);
    }

    /// Removes expired users, and returns whether there were any.
    pub(crate) fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.shown.len();
        self.shown.retain(|_, shown| shown.until > now);
        self.shown.len() != before
    }

    /// Whether a lease has expired without an offline event: its renewal may have been
    /// missed. At most once per [`GRACE`].
    pub(crate) fn needs_refresh(&mut self, now: Timestamp) -> bool {
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
    pub fn is_online(&self, user: &str) -> bool {
        self.shown.contains_key(user)
    }

    /// The users who are shown as online.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.shown.keys().map(String::as_str)
    }

    fn stays(&mut self, user: &str, seen_at: Option<Timestamp>, now: Timestamp) {
        let shown = Shown {
            until: now + PRESENCE_LEASE + GRACE,
            has_left: false,
            seen_at,
        };
        self.shown.insert(user.to_owned(), shown);
    }
}

impl Shown {
    fn goes(&mut self, now: Timestamp) {
        self.until = self.until.min(now + GRACE);
        self.has_left = true;
        self.seen_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::at;

    #[test]
    fn a_user_who_goes_offline_is_shown_for_fifteen_seconds_more() {
        let mut presence = Presence::default();
        presence.changed("ann", true, at(0));
        presence.changed("ann", false, at(10_000));
        assert!(!presence.expire(at(24_999)));
        assert!(presence.expire(at(25_000)));
        assert!(!presence.is_online("ann"));
    }

    #[test]
    fn a_user_who_returns_within_the_grace_stays_online() {
        let mut presence = Presence::default();
        presence.changed("ann", true, at(0));
        presence.changed("ann", false, at(10_000));
        presence.changed("ann", true, at(15_000));
        assert!(!presence.expire(at(60_000)));
        assert!(presence.is_online("ann"));
    }

    #[test]
    fn a_lease_counts_in_full_from_its_event() {
        let mut presence = Presence::default();
        presence.changed("ann", true, at(100_000));
        presence.changed("bob", true, at(130_000));
        let online = |presence: &mut Presence, now| {
            presence.expire(at(now));
            presence.users().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(online(&mut presence, 414_999), ["ann", "bob"]);
        assert_eq!(online(&mut presence, 415_000), ["bob"]);
        assert_eq!(online(&mut presence, 444_999), ["bob"]);
        assert!(online(&mut presence, 445_000).is_empty());
    }

    #[test]
    fn an_expiring_lease_is_refreshed_once_in_a_grace() {
        let mut presence = Presence::default();
        presence.changed("ann", true, at(0));
        presence.changed("bob", true, at(30_000));
        assert!(!presence.needs_refresh(at(299_999)));
        assert!(presence.needs_refresh(at(300_000)));
        assert!(!presence.needs_refresh(at(315_000)));
        assert!(presence.needs_refresh(at(315_001)));
    }

    #[test]
    fn an_active_user_is_online_and_a_former_member_is_not() {
        let mut presence = Presence::default();
        presence.active("ann", at(1_000));
        assert!(presence.is_online("ann"));
        assert!(!presence.expire(at(315_999)));
        presence.left("ann");
        assert!(!presence.is_online("ann"));
    }

    #[test]
    fn a_lease_expires() {
        let mut presence = Presence::default();
        presence.listed(&["ann".into()], at(0));
        presence.changed("bob", true, at(60_000));
        assert!(presence.expire(at(315_000)));
        assert_eq!(presence.users().collect::<Vec<_>>(), ["bob"]);
        assert!(presence.expire(at(375_000)));
    }

    #[test]
    fn a_list_that_an_event_overtook_makes_no_user_offline() {
        let mut presence = Presence::default();
        presence.changed("ann", true, at(1_000));
        presence.listed(&[], at(5_000));
        presence.expire(at(60_000));
        assert!(presence.is_online("ann"));
        presence.listed(&[], at(60_000));
        presence.expire(at(75_000));
        assert!(!presence.is_online("ann"));
    }

    #[test]
    fn a_user_missing_from_a_list_goes_offline() {
        let mut presence = Presence::default();
        presence.listed(&["ann".into(), "bob".into()], at(0));
        presence.listed(&["bob".into()], at(1_000));
        assert!(presence.expire(at(16_000)));
        assert!(presence.is_online("bob"));
    }
}
