//! A room's talk as it is drawn: messages grouped by sender and day.

use client::{Delivery, Millis, Room};
use domain::time::{DAY, MINUTE};

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
    use client::wire::{Message, ServerFrame, User};
    use client::{Chat, Effect};
    use serde_json::{Value, json};

    use super::*;

    fn user(name: &str) -> User {
        User {
            id: format!("id-of-{name}"),
            name: name.to_owned(),
        }
    }

    fn message(seq: i64, from: &str, at: Millis) -> Message {
        Message {
            room: "r".to_owned(),
            seq,
            id: format!("m{seq}"),
            from: user(from),
            text: format!("message {seq}"),
            at,
        }
    }

    /// What Eve sees of a room, open and without history, after `said`.
    fn talk(said: Vec<Message>) -> Chat {
        let mut chat = Chat::of(user("eve"));
        chat.follow_all();
        chat.connect(0);
        chat.opened(0);
        let about =
            json!({"id": "r", "name": "Tea", "kind": "group", "last_seq": 0, "read_seq": 0});
        let welcome = json!({"event": "welcome", "user": user("eve"), "rooms": [about],
            "missed": {}, "more": []});
        let effects = chat.heard_text(&welcome.to_string(), 0);
        let [Effect::Fetch(newest)] = &effects[..] else {
            panic!("{effects:?}");
        };
        let page = json!({"messages": [], "first_seq": Value::Null, "last_seq": Value::Null});
        let newest = newest.answered(&page.to_string()).expect("a page");
        chat.fetched(newest, 0);
        for message in said {
            chat.heard(ServerFrame::Message(message), 0);
        }
        chat.open("r");
        chat
    }

    fn seen(chat: &Chat, offset: Millis) -> Vec<Line> {
        lines(chat.open_room().expect("open"), chat.my_id(), offset)
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
        let chat = talk(vec![
            message(1, "bob", 1_000),
            message(2, "bob", 2_000),
            message(3, "ann", 3_000),
            message(4, "ann", 3_000 + GROUP),
        ]);
        assert_eq!(
            shape(&seen(&chat, 0)),
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
        let evening = 23 * 60 * MINUTE;
        let chat = talk(vec![
            message(1, "bob", evening),
            message(2, "bob", evening + 1),
        ]);
        assert_eq!(seen(&chat, 0).len(), 3);
        assert_eq!(
            shape(&seen(&chat, 60 * MINUTE - 1)),
            ["day 0", "bob: message 1", "day 1", "bob: message 2"]
        );
    }

    #[test]
    fn ones_own_message_keeps_its_key_when_it_gets_its_place() {
        let mut chat = talk(Vec::new());
        chat.say("r", "x".into(), "hi", 1_000).expect("a text");
        let before = seen(&chat, 0)[1].key();
        let ack = ServerFrame::Ack {
            id: "x".into(),
            room: "r".into(),
            seq: 1,
            at: 1_500,
        };
        chat.heard(ack, 1_600);
        let after = seen(&chat, 0);
        assert_eq!(after[1].key(), before);
        assert_eq!(after.len(), 2);
    }
}
