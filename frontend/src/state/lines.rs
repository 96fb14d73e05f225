//! A room's talk as it is drawn: messages grouped by sender and day.

use domain::Millis;
use domain::time::{DAY, MINUTE};

use super::outbox::Delivery;
use super::room::Room;

/// How far apart messages of one sender may be and still be one group.
const GROUP: Millis = 5 * MINUTE;

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// A day begins.
    Day {
        /// Days since 1970, where the reader is.
        day: i64,
        /// A time on it.
        at: Millis,
    },
    /// Somebody said something.
    Said(Said),
}

/// A message as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The id that its sender's client made.
    pub id: String,
    /// Who said it.
    pub author: String,
    /// Whose it is, by id.
    pub from: String,
    /// Whether one said it oneself.
    pub is_mine: bool,
    /// Whether it begins a group, and so shows name and time.
    pub begins_group: bool,
    /// What was said.
    pub text: String,
    /// When.
    pub at: Millis,
    /// Where it is on its way.
    pub delivery: Delivery,
}

impl Line {
    /// What stays the same as long as the line is drawn the same. A message
    /// keeps its key when it gets its place, so that it is not drawn again.
    pub fn key(&self) -> String {
        match self {
            Self::Day { day, .. } => format!("day/{day}"),
            Self::Said(said) => format!("{}/{}/{}", said.from, said.id, said.begins_group),
        }
    }
}

/// The lines of a room for the person with the id `me`, whose clocks are
/// `offset` ahead of UTC. What is still on its way comes last.
pub fn lines(room: &Room, me: &str, offset: Millis) -> Vec<Line> {
    let said = room.log.messages().map(|message| Said {
        id: message.id.clone(),
        author: message.from.name.clone(),
        from: message.from.id.clone(),
        is_mine: message.from.id == me,
        begins_group: true,
        text: message.text.clone(),
        at: message.at,
        delivery: Delivery::Sent,
    });
    let outgoing = room.outbox.outgoing().map(|outgoing| Said {
        id: outgoing.id.clone(),
        author: String::new(),
        from: me.to_owned(),
        is_mine: true,
        begins_group: true,
        text: outgoing.text.clone(),
        at: outgoing.at,
        delivery: outgoing.delivery(),
    });

    let mut lines = Vec::new();
    let mut today = None;
    let mut group: Option<(String, Millis)> = None;
    for mut said in said.chain(outgoing) {
        let day = (said.at + offset).div_euclid(DAY);
        // A clock that is behind must not begin a day that was there before.
        if today.is_none_or(|today| day > today) {
            lines.push(Line::Day { day, at: said.at });
            today = Some(day);
            group = None;
        }
        let continues = group
            .as_ref()
            .is_some_and(|(from, at)| *from == said.from && said.at - at < GROUP);
        said.begins_group = !continues;
        group = Some((said.from.clone(), said.at));
        lines.push(Line::Said(said));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::samples::{empty_page, message, message_of, room};

    fn talk() -> Room {
        let mut room = Room::new(room("r", 0), 0);
        room.log.newest(empty_page());
        room
    }

    fn shape(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| match line {
                Line::Day { day, .. } => format!("day {day}"),
                Line::Said(said) if said.begins_group => format!("{}: {}", said.author, said.text),
                Line::Said(said) => said.text.clone(),
            })
            .collect()
    }

    #[test]
    fn messages_of_one_sender_within_five_minutes_are_one_group() {
        let mut room = talk();
        room.hear(message("r", 1), "me");
        room.hear(message("r", 2), "me");
        room.hear(message_of("r", 3, "ann"), "me");
        let mut late = message_of("r", 4, "ann");
        late.at = 3_000 + GROUP;
        room.hear(late, "me");
        assert_eq!(
            shape(&lines(&room, "me", 0)),
            [
                "day 0",
                "bob: message 1",
                "message 2",
                "ann: message 3",
                "ann: message 4"
            ]
        );
    }

    #[test]
    fn a_day_begins_at_the_readers_midnight() {
        let mut room = talk();
        let mut evening = message("r", 1);
        evening.at = 23 * 60 * MINUTE;
        let mut night = message("r", 2);
        night.at = 23 * 60 * MINUTE + 1;
        room.hear(evening, "me");
        room.hear(night, "me");
        assert_eq!(lines(&room, "me", 0).len(), 3);
        assert_eq!(
            shape(&lines(&room, "me", 60 * MINUTE - 1)),
            ["day 0", "bob: message 1", "day 1", "bob: message 2"]
        );
    }

    #[test]
    fn ones_own_message_keeps_its_key_when_it_gets_its_place() {
        let mut room = talk();
        let me = crate::state::samples::user("ann");
        room.outbox.push("x".into(), "hi".into(), 1_000);
        let before = lines(&room, &me.id, 0)[1].key();
        let outgoing = room.outbox.acknowledged("x").expect("on its way");
        room.acknowledged(outgoing, me.clone(), 1, 1_500);
        let after = lines(&room, &me.id, 0);
        assert_eq!(after[1].key(), before);
        assert_eq!(after.len(), 2);
    }
}
