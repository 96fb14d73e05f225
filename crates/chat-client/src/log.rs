//! The loaded messages of a room.

use std::collections::{BTreeMap, VecDeque};

use protocol::Message;
use protocol::http::Page;

/// A contiguous run of messages, and those received early.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Log {
    loaded: bool,
    has_older: bool,
    run: VecDeque<Message>,
    /// Messages after a gap, by `seq`.
    early: BTreeMap<i64, Message>,
}

impl Log {
    /// Whether the newest page was loaded. Messages received earlier are ignored: the
    /// page will contain them.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// The last `seq` without a gap before it; `None` before the newest page is loaded.
    pub fn cursor(&self) -> Option<i64> {
        self.loaded
            .then(|| self.run.back().map_or(0, |message| message.seq))
    }

    /// The first loaded `seq`, if there are older messages.
    pub fn older_than(&self) -> Option<i64> {
        let first = self.run.front()?;
        (self.has_older && first.seq > 1).then_some(first.seq)
    }

    /// The messages, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.run.iter()
    }

    /// The messages after `seq`, oldest first.
    pub fn since(&self, seq: i64) -> impl Iterator<Item = &Message> {
        let known = self.run.front().map_or(0, |first| seq + 1 - first.seq);
        self.run.iter().skip(usize::try_from(known).unwrap_or(0))
    }

    /// Unloads all but the newest `count` messages, and at least one. The others can be
    /// fetched again.
    pub fn forget_all_but(&mut self, count: usize) {
        let superfluous = self.run.len().saturating_sub(count.max(1));
        self.has_older |= superfluous > 0;
        self.run.drain(..superfluous);
    }

    /// Receives the newest page. Loaded messages stay if the page joins them; otherwise
    /// they are unloaded, because there would be a gap.
    pub(crate) fn newest(&mut self, page: Page) {
        let joins = match (self.cursor(), page.first_seq) {
            (Some(cursor), Some(first)) => first <= cursor + 1 && !self.run.is_empty(),
            (Some(_), None) => true,
            (None, _) => false,
        };
        if !joins {
            self.run.clear();
            self.has_older = page.first_seq.is_some_and(|first| first > 1);
        }
        self.loaded = true;
        if self.run.is_empty() {
            self.run.extend(page.messages);
            self.join_early();
        } else {
            for message in page.messages {
                self.receive(message);
            }
        }
    }

    /// Receives the page before the first loaded message.
    pub(crate) fn older(&mut self, page: Page) {
        let Some(first) = self.run.front().map(|message| message.seq) else {
            return;
        };
        self.has_older = page.first_seq.is_some_and(|seq| seq > 1);
        let mut expected = first;
        for message in page.messages.into_iter().rev() {
            if message.seq == expected - 1 {
                expected = message.seq;
                self.run.push_front(message);
            }
        }
    }

    /// Receives one message, idempotent and in any order.
    pub(crate) fn receive(&mut self, message: Message) {
        let Some(cursor) = self.cursor() else {
            return;
        };
        if message.seq > cursor {
            self.early.insert(message.seq, message);
            self.join_early();
        }
    }

    fn join_early(&mut self) {
        let mut next = self.cursor().unwrap_or(0) + 1;
        self.early = self.early.split_off(&next);
        while let Some(message) = self.early.remove(&next) {
            self.run.push_back(message);
            next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{empty_page, message, page};

    fn seqs(log: &Log) -> Vec<i64> {
        log.messages().map(|message| message.seq).collect()
    }

    #[test]
    fn messages_before_the_first_page_are_left_to_the_page() {
        let mut log = Log::default();
        log.receive(message("r", 7));
        assert_eq!(log.cursor(), None);
        log.newest(page("r", 3..=7));
        assert_eq!(seqs(&log), [3, 4, 5, 6, 7]);
        assert_eq!(log.older_than(), Some(3));
    }

    #[test]
    fn a_room_where_nothing_was_said_begins_at_the_first_message() {
        let mut log = Log::default();
        log.newest(empty_page());
        assert_eq!(log.cursor(), Some(0));
        log.receive(message("r", 1));
        assert_eq!(seqs(&log), [1]);
        assert_eq!(log.older_than(), None);
    }

    #[test]
    fn a_message_beyond_a_hole_waits_until_the_hole_is_filled() {
        let mut log = Log::default();
        log.newest(page("r", 1..=2));
        log.receive(message("r", 5));
        log.receive(message("r", 4));
        assert_eq!(log.cursor(), Some(2));
        log.receive(message("r", 3));
        assert_eq!(seqs(&log), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn history_is_put_before_what_is_here() {
        let mut log = Log::default();
        log.newest(page("r", 11..=12));
        log.older(page("r", 5..=10));
        assert_eq!(seqs(&log), [5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(log.older_than(), Some(5));
        log.older(page("r", 1..=4));
        assert_eq!(log.older_than(), None);
    }

    #[test]
    fn a_newest_page_that_does_not_join_replaces_what_is_here() {
        let mut log = Log::default();
        log.newest(page("r", 1..=2));
        log.newest(page("r", 50..=52));
        assert_eq!(seqs(&log), [50, 51, 52]);
        assert_eq!(log.older_than(), Some(50));
        log.newest(page("r", 51..=54));
        assert_eq!(seqs(&log), [50, 51, 52, 53, 54]);
    }

    #[test]
    fn newer_messages_follow_a_message_after_unloading() {
        let since = |log: &Log, seq| -> Vec<i64> { log.since(seq).map(|m| m.seq).collect() };
        let mut log = Log::default();
        log.newest(page("r", 4..=9));
        assert_eq!(since(&log, 6), [7, 8, 9]);
        assert_eq!(since(&log, 0), [4, 5, 6, 7, 8, 9]);
        assert!(since(&log, 9).is_empty());
        log.forget_all_but(2);
        assert_eq!(since(&log, 6), [8, 9]);
        assert_eq!(log.older_than(), Some(8));
        log.forget_all_but(0);
        assert_eq!(log.cursor(), Some(9), "the cursor stays");
    }

    #[test]
    fn unloaded_messages_are_older_ones_even_if_all_were_loaded() {
        let mut log = Log::default();
        log.newest(page("r", 1..=9));
        assert_eq!(log.older_than(), None);
        log.forget_all_but(2);
        assert_eq!(seqs(&log), [8, 9]);
        assert_eq!(log.older_than(), Some(8));
    }

    #[test]
    fn a_newest_page_right_after_the_loaded_messages_joins_them() {
        let mut log = Log::default();
        log.newest(page("r", 1..=2));
        log.newest(page("r", 3..=5));
        assert_eq!(seqs(&log), [1, 2, 3, 4, 5]);
        log.newest(page("r", 7..=8));
        assert_eq!(seqs(&log), [7, 8], "a gap unloads the others");
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_end_in_the_same_run(
            arrivals in prop::collection::vec(1i64..40, 0..120)
        ) {
            let mut log = Log::default();
            log.newest(empty_page());
            for seq in arrivals {
                log.receive(message("r", seq));
            }
            let held = log.cursor().unwrap_or(0);
            prop_assert_eq!(seqs(&log), (1..=held).collect::<Vec<_>>());
            for seq in held + 1..40 {
                log.receive(message("r", seq));
            }
            prop_assert_eq!(seqs(&log), (1..40).collect::<Vec<_>>());
            prop_assert!(log.early.is_empty());
        }
    }
}
