//! A long talk in pieces. What was said never changes, so that all but the end
//! of a talk is drawn once, in runs that a browser need not lay out while they
//! are out of view; only the end follows every change.

use chat_client::Log;

use super::Span;

/// How many messages a run has, and the end has at least.
const LENGTH: i64 = 50;

/// Where the end begins.
pub fn end(log: &Log) -> Span {
    let first = log.since(0).next().map_or(1, |message| message.seq);
    let newest = log.cursor().unwrap_or(0);
    let begin = (newest / LENGTH - 1) * LENGTH + 1;
    Span {
        from: begin.max(first),
        to: None,
    }
}

/// The runs before the end.
pub fn runs(log: &Log) -> Vec<Span> {
    let mut from = match log.since(0).next() {
        Some(first) => first.seq,
        None => return Vec::new(),
    };
    let end = end(log).from;
    let mut runs = Vec::new();
    while from < end {
        let to = (from - 1) / LENGTH * LENGTH + LENGTH;
        runs.push(Span { from, to: Some(to) });
        from = to + 1;
    }
    runs
}

#[cfg(test)]
mod tests {
    use crate::state::samples::{message, talk};

    use super::*;

    fn spans(count: i64) -> (Vec<(i64, i64)>, i64) {
        let said = (1..=count).map(|seq| message(seq, "bob", seq * 1_000));
        let chat = talk(said.collect());
        let log = &chat.open_room().expect("open").log;
        let runs = runs(log).into_iter();
        let pairs = runs.map(|run| (run.from, run.to.unwrap_or(0)));
        (pairs.collect(), end(log).from)
    }

    #[test]
    fn a_short_talk_is_all_end() {
        assert_eq!(spans(0), (Vec::new(), 1));
        assert_eq!(spans(99), (Vec::new(), 1));
    }

    #[test]
    fn the_runs_of_a_long_talk_stay_the_same_while_its_end_grows() {
        assert_eq!(spans(100), (vec![(1, 50)], 51));
        assert_eq!(spans(149), (vec![(1, 50)], 51));
        assert_eq!(spans(150), (vec![(1, 50), (51, 100)], 101));
    }
}
