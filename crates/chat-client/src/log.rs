//! The loaded messages of a room, and the changes that were applied to them.

use std::collections::{BTreeMap, VecDeque};

use domain::changes::{apply, apply_to_quote, quote};
use domain::history::PAGE_MOST;
use protocol::http::Page;
use protocol::{Change, Message};

/// Applied changes that are kept for pages that were read before them.
const RECENT_CHANGES: usize = 512;

/// A contiguous run of messages, and those received early.
///
/// Changes are applied in the order of their `rev`, each once. A message tells by
/// its `rev` which changes it contains.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Log {
    loaded: bool,
    has_older: bool,
    run: VecDeque<Message>,
    /// Messages after a gap, by `seq`.
    early: BTreeMap<i64, Message>,
    /// The last `rev` without a gap before it.
    rev: i64,
    /// Changes after a gap, by `rev`.
    early_changes: BTreeMap<i64, Change>,
    /// The newest applied changes by `rev`, and all whose message has yet to come.
    recent: BTreeMap<i64, Change>,
    /// All changes after this `rev` are in `recent`.
    recent_after: i64,
    /// The messages that are to be fetched again, after too many changes were missed.
    stale: Option<Stale>,
}

/// Messages of which changes were missed: all from `from` on, with those that arrive
/// until a page after them is empty. A message that is delivered late may lack a change
/// that the pages contain.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stale {
    /// The next message to fetch.
    from: i64,
    /// Whether the first page has arrived, whose `rev` is the new cursor.
    has_begun: bool,
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

    /// The last `rev` without a gap before it; `None` before the newest page is loaded.
    pub fn rev(&self) -> Option<i64> {
        self.loaded.then_some(self.rev)
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

    /// The loaded message with this `seq`.
    pub fn message(&self, seq: i64) -> Option<&Message> {
        self.run.get(self.place(seq)?)
    }

    /// The messages after `seq`, oldest first.
    pub fn since(&self, seq: i64) -> impl Iterator<Item = &Message> {
        let known = self.run.front().map_or(0, |first| seq + 1 - first.seq);
        self.run.iter().skip(usize::try_from(known).unwrap_or(0))
    }

    /// The newest changes after `rev`, oldest first. Older ones than the last few
    /// hundred are not kept.
    pub fn changes_since(&self, rev: i64) -> impl Iterator<Item = &Change> {
        self.recent.range(rev + 1..).map(|(_, change)| change)
    }

    /// Unloads all but the newest `count` messages, and at least one. The others can be
    /// fetched again.
    pub fn forget_all_but(&mut self, count: usize) {
        let superfluous = self.run.len().saturating_sub(count.max(1));
        self.has_older |= superfluous > 0;
        self.run.drain(..superfluous);
    }

    /// Too many changes were missed: the loaded messages are fetched again, and no
    /// more of them than one page.
    pub(crate) fn mark_stale(&mut self) {
        if self.loaded {
            self.forget_all_but(PAGE_MOST as usize);
            self.stale = Some(Stale {
                from: self.first_seq(),
                has_begun: false,
            });
        }
    }

    fn first_seq(&self) -> i64 {
        self.run.front().map_or(1, |first| first.seq)
    }

    /// Whether messages are to be fetched again.
    pub(crate) fn is_stale(&self) -> bool {
        self.stale.is_some()
    }

    /// The message after which the next page is to be fetched.
    pub(crate) fn next_after(&self) -> Option<i64> {
        match self.stale {
            Some(stale) => Some(stale.from - 1),
            None => self.cursor(),
        }
    }

    /// Receives the newest page. Loaded messages stay if the page joins them; otherwise
    /// they are unloaded, because there would be a gap. Returns whether the page is
    /// usable: it is not if it was read before changes that are no longer known.
    pub(crate) fn newest(&mut self, page: Page, me: &str) -> bool {
        if !self.loaded {
            *self = Self {
                loaded: true,
                has_older: page.first_seq.is_some_and(|first| first > 1),
                run: page.messages.into(),
                rev: page.rev,
                recent_after: page.rev,
                ..Self::default()
            };
            return true;
        }
        if !self.knows_changes_since(&page) {
            return false;
        }
        let joins = match (self.cursor(), page.first_seq) {
            (Some(cursor), Some(first)) => first <= cursor + 1 && !self.run.is_empty(),
            (_, None) => true,
            (None, _) => false,
        };
        if !joins {
            self.run.clear();
            self.has_older = page.first_seq.is_some_and(|first| first > 1);
            if let (Some(stale), Some(first)) = (&mut self.stale, page.first_seq) {
                stale.from = first;
            }
        }
        if self.run.is_empty() {
            for message in page.messages {
                let message = self.current(message, me);
                self.run.push_back(message);
            }
            self.join_early();
        } else {
            for message in page.messages {
                self.receive(message, me);
            }
        }
        true
    }

    /// Receives the page before the first loaded message. Returns whether the page is
    /// usable, see [`Log::newest`].
    pub(crate) fn older(&mut self, page: Page, me: &str) -> bool {
        let Some(first) = self.run.front().map(|message| message.seq) else {
            return true;
        };
        if !self.knows_changes_since(&page) {
            return false;
        }
        self.has_older = page.first_seq.is_some_and(|seq| seq > 1);
        let mut expected = first;
        for message in page.messages.into_iter().rev() {
            if message.seq == expected - 1 {
                expected = message.seq;
                let message = self.current(message, me);
                self.run.push_front(message);
            }
        }
        let first = self.first_seq();
        if let Some(stale) = self.stale.as_mut().filter(|stale| !stale.has_begun) {
            stale.from = first;
        }
        true
    }

    /// Receives a page around an older message. If it does not join the loaded messages,
    /// it takes their place, and they wait until those in between are there. Returns
    /// whether the page is usable, see [`Log::newest`].
    pub(crate) fn around(&mut self, page: Page, me: &str) -> bool {
        let first = self.run.front().map(|message| message.seq);
        let (Some(first), Some(last)) = (first, page.last_seq) else {
            return true;
        };
        if last + 1 >= first || self.is_stale() {
            return self.older(page, me);
        }
        if !self.knows_changes_since(&page) {
            return false;
        }
        self.has_older = page.first_seq.is_some_and(|seq| seq > 1);
        let run = std::mem::take(&mut self.run).into_iter();
        self.early.extend(run.map(|message| (message.seq, message)));
        for message in page.messages {
            let message = self.current(message, me);
            self.run.push_back(message);
        }
        true
    }

    /// Receives the page after `after`. Returns whether it brought anything.
    pub(crate) fn after(&mut self, after: i64, page: Page, me: &str) -> bool {
        if let Some(stale) = self.stale {
            return self.refresh(stale, after, page, me);
        }
        let before = self.cursor();
        if self.knows_changes_since(&page) {
            for message in page.messages {
                self.receive(message, me);
            }
        }
        self.cursor() > before
    }

    /// Replaces stale messages by those of a page.
    fn refresh(&mut self, stale: Stale, after: i64, page: Page, me: &str) -> bool {
        if after + 1 != stale.from {
            return false;
        }
        if !stale.has_begun {
            self.rev = page.rev;
            self.recent.clear();
            self.recent_after = page.rev;
        } else if !self.knows_changes_since(&page) {
            return false;
        }
        let cursor = self.cursor().unwrap_or(0);
        for message in page.messages {
            let message = self.current(message, me);
            match self.place(message.seq) {
                Some(place) => self.run[place] = message,
                None if message.seq > cursor => {
                    self.early.insert(message.seq, message);
                }
                None => {}
            }
        }
        self.stale = page.last_seq.map(|last| Stale {
            from: last + 1,
            has_begun: true,
        });
        self.join_early();
        self.join_early_changes(me);
        true
    }

    /// Receives one message, idempotent and in any order.
    pub(crate) fn receive(&mut self, message: Message, me: &str) {
        let Some(cursor) = self.cursor() else {
            return;
        };
        if message.seq > cursor && !self.early.contains_key(&message.seq) {
            let message = self.current(message, me);
            self.early.insert(message.seq, message);
            self.join_early();
        }
    }

    /// Receives one change, idempotent and in any order.
    pub(crate) fn receive_change(&mut self, change: Change, me: &str) {
        if self.loaded && change.rev > self.rev {
            self.early_changes.insert(change.rev, change);
            self.join_early_changes(me);
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

    fn join_early_changes(&mut self, me: &str) {
        self.early_changes = self.early_changes.split_off(&(self.rev + 1));
        while let Some(change) = self.early_changes.remove(&(self.rev + 1)) {
            self.rev = change.rev;
            self.apply(&change, me);
            self.recent.insert(change.rev, change);
        }
        self.forget_changes();
    }

    /// Applies a change to its message and to the quotes of it.
    fn apply(&mut self, change: &Change, me: &str) {
        let Some(seq) = change.seq else {
            return;
        };
        let message = match self.place(seq) {
            Some(place) => self.run.get_mut(place),
            None => self.early.get_mut(&seq),
        };
        if let Some(message) = message
            && message.rev < Some(change.rev)
        {
            apply(message, change, me);
        }
        for message in self.run.iter_mut().chain(self.early.values_mut()) {
            if let Some(quote) = &mut message.reply_to
                && quote.seq == seq
            {
                apply_to_quote(quote, change);
            }
        }
    }

    /// A received message with the changes that it does not contain yet.
    fn current(&self, mut message: Message, me: &str) -> Message {
        for change in self.recent.values() {
            if change.seq == Some(message.seq) && message.rev < Some(change.rev) {
                apply(&mut message, change, me);
            }
        }
        if let Some(shown) = &mut message.reply_to {
            match self.message(shown.seq) {
                Some(quoted) => *shown = quote(quoted),
                None => {
                    let seq = shown.seq;
                    let of_quoted = |change: &&Change| change.seq == Some(seq);
                    for change in self.recent.values().filter(of_quoted) {
                        apply_to_quote(shown, change);
                    }
                }
            }
        }
        message
    }

    /// Whether the changes are known that a page may lack.
    fn knows_changes_since(&self, page: &Page) -> bool {
        page.rev >= self.recent_after
    }

    /// Forgets old changes, but none whose message has yet to come.
    fn forget_changes(&mut self) {
        let cursor = self.cursor().unwrap_or(0);
        let mut superfluous = self.recent.len().saturating_sub(RECENT_CHANGES);
        let mut after = self.recent_after;
        self.recent.retain(|rev, change| {
            let is_kept = superfluous == 0 || change.seq.is_some_and(|seq| seq > cursor);
            if !is_kept {
                superfluous -= 1;
                after = after.max(*rev);
            }
            is_kept
        });
        self.recent_after = after;
    }

    fn place(&self, seq: i64) -> Option<usize> {
        let first = self.run.front()?.seq;
        let place = usize::try_from(seq - first).ok()?;
        (place < self.run.len()).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{empty_page, message, page};

    const ME: &str = "id-of-ann";

    fn seqs(log: &Log) -> Vec<i64> {
        log.messages().map(|message| message.seq).collect()
    }

    #[test]
    fn messages_before_the_first_page_are_left_to_the_page() {
        let mut log = Log::default();
        log.receive(message("r", 7), ME);
        assert_eq!(log.cursor(), None);
        log.newest(page("r", 3..=7), ME);
        assert_eq!(seqs(&log), [3, 4, 5, 6, 7]);
        assert_eq!(log.older_than(), Some(3));
    }

    #[test]
    fn a_room_where_nothing_was_said_begins_at_the_first_message() {
        let mut log = Log::default();
        log.newest(empty_page(), ME);
        assert_eq!(log.cursor(), Some(0));
        log.receive(message("r", 1), ME);
        assert_eq!(seqs(&log), [1]);
        assert_eq!(log.older_than(), None);
    }

    #[test]
    fn a_message_beyond_a_hole_waits_until_the_hole_is_filled() {
        let mut log = Log::default();
        log.newest(page("r", 1..=2), ME);
        log.receive(message("r", 5), ME);
        log.receive(message("r", 4), ME);
        assert_eq!(log.cursor(), Some(2));
        log.receive(message("r", 3), ME);
        assert_eq!(seqs(&log), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn history_is_put_before_what_is_here() {
        let mut log = Log::default();
        log.newest(page("r", 11..=12), ME);
        log.older(page("r", 5..=10), ME);
        assert_eq!(seqs(&log), [5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(log.older_than(), Some(5));
        log.older(page("r", 1..=4), ME);
        assert_eq!(log.older_than(), None);
    }

    fn with_rev(rev: i64, page: Page) -> Page {
        Page { rev, ..page }
    }

    fn edited(rev: i64, mut page: Page) -> Page {
        for message in &mut page.messages {
            message.text = format!("edited by {rev}");
            message.rev = Some(rev);
        }
        with_rev(rev, page)
    }

    #[test]
    fn an_empty_page_of_an_earlier_request_does_not_end_a_refresh() {
        let mut log = Log::default();
        log.newest(page("r", 1..=3), ME);
        log.mark_stale();
        assert!(!log.after(3, with_rev(5, empty_page()), ME));
        assert!(log.is_stale());
        assert_eq!(log.rev(), Some(0));
        assert!(log.after(0, edited(5, page("r", 1..=3)), ME));
        assert!(log.after(3, with_rev(5, empty_page()), ME));
        assert!(!log.is_stale());
        assert!(log.messages().all(|message| message.rev == Some(5)));
    }

    #[test]
    fn a_message_that_is_late_for_a_refresh_is_replaced_by_that_of_the_page() {
        let mut log = Log::default();
        log.newest(page("r", 1..=2), ME);
        log.mark_stale();
        log.after(0, edited(5, page("r", 1..=2)), ME);
        // The service posted these before their edits.
        log.receive(message("r", 3), ME);
        log.receive(message("r", 5), ME);
        log.after(2, edited(5, page("r", 3..=5)), ME);
        log.after(5, with_rev(5, empty_page()), ME);
        assert!(!log.is_stale());
        assert_eq!(seqs(&log), [1, 2, 3, 4, 5]);
        assert!(log.messages().all(|message| message.rev == Some(5)));
    }

    #[test]
    fn pages_that_join_stale_messages_are_refreshed_with_them() {
        let mut log = Log::default();
        log.newest(page("r", 8..=9), ME);
        log.mark_stale();
        log.older(page("r", 5..=7), ME);
        assert_eq!(log.next_after(), Some(4));
        log.newest(page("r", 30..=31), ME);
        assert_eq!(log.next_after(), Some(29));
    }

    #[test]
    fn a_page_around_a_distant_message_is_followed_by_what_was_loaded() {
        let mut log = Log::default();
        log.newest(page("r", 90..=100), ME);
        assert!(log.around(page("r", 40..=60), ME));
        assert_eq!(seqs(&log), (40..=60).collect::<Vec<_>>());
        assert_eq!((log.older_than(), log.next_after()), (Some(40), Some(60)));
        log.receive(message("r", 101), ME);
        assert!(log.after(60, page("r", 61..=89), ME));
        assert_eq!(seqs(&log), (40..=101).collect::<Vec<_>>());
    }

    #[test]
    fn a_page_around_a_near_message_joins_what_is_loaded() {
        let mut log = Log::default();
        log.newest(page("r", 50..=60), ME);
        assert!(log.around(page("r", 40..=55), ME));
        assert_eq!(seqs(&log), (40..=60).collect::<Vec<_>>());
        assert!(log.around(page("r", 20..=39), ME));
        assert_eq!(log.older_than(), Some(20));
        assert!(log.around(empty_page(), ME));
        assert_eq!(log.cursor(), Some(60));
    }

    #[test]
    fn a_newest_page_that_does_not_join_replaces_what_is_here() {
        let mut log = Log::default();
        log.newest(page("r", 1..=2), ME);
        log.newest(page("r", 50..=52), ME);
        assert_eq!(seqs(&log), [50, 51, 52]);
        assert_eq!(log.older_than(), Some(50));
        log.newest(page("r", 51..=54), ME);
        assert_eq!(seqs(&log), [50, 51, 52, 53, 54]);
    }

    #[test]
    fn newer_messages_follow_a_message_after_unloading() {
        let since = |log: &Log, seq| -> Vec<i64> { log.since(seq).map(|m| m.seq).collect() };
        let mut log = Log::default();
        log.newest(page("r", 4..=9), ME);
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
        log.newest(page("r", 1..=9), ME);
        assert_eq!(log.older_than(), None);
        log.forget_all_but(2);
        assert_eq!(seqs(&log), [8, 9]);
        assert_eq!(log.older_than(), Some(8));
    }

    #[test]
    fn a_newest_page_right_after_the_loaded_messages_joins_them() {
        let mut log = Log::default();
        log.newest(page("r", 1..=2), ME);
        log.newest(page("r", 3..=5), ME);
        assert_eq!(seqs(&log), [1, 2, 3, 4, 5]);
        log.newest(page("r", 7..=8), ME);
        assert_eq!(seqs(&log), [7, 8], "a gap unloads the others");
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_end_in_the_same_run(
            arrivals in prop::collection::vec(1i64..40, 0..120)
        ) {
            let mut log = Log::default();
            log.newest(empty_page(), ME);
            for seq in arrivals {
                log.receive(message("r", seq), ME);
            }
            let held = log.cursor().unwrap_or(0);
            prop_assert_eq!(seqs(&log), (1..=held).collect::<Vec<_>>());
            for seq in held + 1..40 {
                log.receive(message("r", seq), ME);
            }
            prop_assert_eq!(seqs(&log), (1..40).collect::<Vec<_>>());
            prop_assert!(log.early.is_empty());
        }
    }
}
