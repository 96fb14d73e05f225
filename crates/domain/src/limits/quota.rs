//! Sliding-window quotas.

use std::time::Duration;

use crate::Timestamp;

/// At most `count` events in any `window`. The store keeps one counter per fixed
/// window; the share of the previous window that still counts is estimated from
/// how much of it the sliding window covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The key prefix in the store.
    pub name: &'static str,
    pub count: i64,
    pub window: Duration,
}

/// The counters of the previous and the current fixed window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    pub previous: i64,
    pub current: i64,
}

impl Quota {
    /// The number of the fixed window that holds `now`.
    pub fn window_of(&self, now: Timestamp) -> i64 {
        now.as_millis().div_euclid(self.window_millis())
    }

    /// When the counter of `now`'s window may be deleted.
    pub fn forgotten_at(&self, now: Timestamp) -> Timestamp {
        self.begin_of(now) + 2 * self.window
    }

    /// The most that the current counter may reach at `now`.
    pub fn room(&self, previous: i64, now: Timestamp) -> i64 {
        let window = self.window_millis();
        let left = window - now.as_millis().rem_euclid(window);
        // Rounded up, so that the estimate never allows more.
        let carried = (previous * left + window - 1) / window;
        self.count - carried
    }

    /// When `more` events are allowed; `None` if they are at `now`.
    pub fn wait(&self, used: Used, more: i64, now: Timestamp) -> Option<Timestamp> {
        if used.current + more <= self.room(used.previous, now) {
            return None;
        }
        let begin = self.begin_of(now);
        // The previous window fades until the current one ends, then that one does.
        let (begin, fading, kept) = if used.current + more <= self.count {
            (begin, used.previous, used.current)
        } else {
            (begin + self.window, used.current, 0)
        };
        let room = (self.count - kept - more).max(0);
        let window = self.window_millis();
        let at = begin.as_millis() + window - room * window / fading.max(1);
        Some(Timestamp::from_millis(at))
    }

    fn begin_of(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_millis(self.window_of(now) * self.window_millis())
    }

    fn window_millis(&self) -> i64 {
        self.window.as_millis() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Quota = Quota {
        name: "ten",
        count: 10,
        window: Duration::from_secs(1),
    };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn used(previous: i64, current: i64) -> Used {
        Used { previous, current }
    }

    #[test]
    fn a_counter_is_kept_until_no_window_covers_it() {
        for now in [5_000, 5_001, 5_999] {
            assert_eq!(TEN.window_of(at(now)), 5);
            assert_eq!(TEN.forgotten_at(at(now)), at(7_000));
        }
        assert_eq!(TEN.forgotten_at(at(0)), at(2_000));
        // In the last millisecond before, the counter still matters.
        assert_eq!(TEN.room(1_000, at(6_999)), 9);
        let all_used = TEN.wait(used(1_000_000, 0), 1, at(6_999));
        assert!(
            all_used.is_some_and(|until| until <= at(7_000)),
            "{all_used:?}"
        );
    }

    #[test]
    fn a_quota_is_used_up_by_its_count() {
        assert_eq!(TEN.wait(used(0, 9), 1, at(5_500)), None);
        assert!(TEN.wait(used(0, 10), 1, at(5_500)).is_some());
        assert_eq!(TEN.wait(used(0, 0), 10, at(5_500)), None);
        assert!(TEN.wait(used(0, 0), 11, at(5_500)).is_some());
    }

    #[test]
    fn a_new_window_does_not_let_twice_as_many_through() {
        assert!(TEN.wait(used(10, 0), 1, at(6_000)).is_some());
        assert_eq!(TEN.room(10, at(6_000)), 0);
        assert_eq!(TEN.room(10, at(6_500)), 5);
        assert_eq!(TEN.room(10, at(6_999)), 9);
        assert_eq!(TEN.room(0, at(6_000)), 10);
    }

    #[test]
    fn more_events_are_allowed_at_the_returned_time_and_not_a_millisecond_before() {
        for (previous, current, more, now) in [
            (10, 0, 1, 6_000),
            (10, 4, 3, 6_100),
            (7, 9, 1, 6_001),
            (0, 10, 1, 6_000),
            (10, 10, 10, 6_999),
            (3, 10, 1, 6_500),
        ] {
            let now = at(now);
            let at = TEN
                .wait(used(previous, current), more, now)
                .unwrap_or_else(|| panic!("{previous} {current} is allowed"));
            assert!(at > now, "{at}");
            let later = |at: Timestamp| match TEN.window_of(at) - TEN.window_of(now) {
                0 => used(previous, current),
                1 => used(current, 0),
                _ => used(0, 0),
            };
            let before = at - Duration::from_millis(1);
            assert_eq!(TEN.wait(later(at), more, at), None, "{previous} {current}");
            assert!(
                TEN.wait(later(before), more, before).is_some(),
                "{previous} {current}"
            );
        }
    }
}
