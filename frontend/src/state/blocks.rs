//! Blocks of a long conversation. Messages never change, so all but the newest
//! are drawn once, in blocks that a browser need not lay out while they are out
//! of view.

use chat_client::Log;

use super::Span;

/// Messages in a block; the live end has at least as many.
const LENGTH: i64 = 50;

pub fn end(log: &Log) -> Span {
    let first = log.since(0).next().map_or(1, |message| message.seq);
    let newest = log.cursor().unwrap_or(0);
    let begin = (newest / LENGTH - 1) * LENGTH + 1;
    Span {
        from: begin.max(first),
        to: None,
    }
}

pub fn blocks(log: &Log) -> Vec<Span> {
    let mut from = match log.since(0).next() {
        Some(first) => first.seq,
        None => return Vec::new(),
    };
    let end = end(log).from;
    let mut blocks = Vec::new();
    while from < end {
        let to = (from - 1) / LENGTH * LENGTH + LENGTH;
        blocks.push(Span { from, to: Some(to) });
        from = to + 1;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use crate::state::samples::{message, talk};

    use super::*;

    fn spans(count: i64) -> (Vec<(i64, i64)>, i64) {
        let said = (1..=count).map(|seq| message(seq, "bob", seq * 1_000));
        let chat = talk(said.collect());
        let log = &chat.open_room().expect("open").log;
        let blocks = blocks(log).into_iter();
        let pairs = blocks.map(|run| (run.from, run.to.unwrap_or(0)));
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
