//! People, messages and pages for the tests.

use std::ops::RangeInclusive;

use protocol::http::Page;
use protocol::{Message, Room, RoomKind, Timestamp, User};

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn user(name: &str) -> User {
    User {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
    }
}

pub fn message(room: &str, seq: i64) -> Message {
    message_of(room, seq, "bob")
}

pub fn message_of(room: &str, seq: i64, from: &str) -> Message {
    Message {
        room: room.to_owned(),
        seq,
        id: format!("m{seq}"),
        from: user(from),
        text: format!("message {seq}"),
        at: at(seq * 1_000),
        ..Message::default()
    }
}

pub fn page(room: &str, seqs: RangeInclusive<i64>) -> Page {
    let messages: Vec<Message> = seqs.map(|seq| message(room, seq)).collect();
    Page {
        first_seq: messages.first().map(|message| message.seq),
        last_seq: messages.last().map(|message| message.seq),
        rev: 0,
        messages,
    }
}

pub fn room(id: &str, last_seq: i64) -> Room {
    Room {
        id: id.to_owned(),
        name: format!("Room {id}"),
        kind: RoomKind::Group,
        last_seq,
        read_seq: 0,
        ..Room::default()
    }
}

/// The page of a room where nothing was said.
pub fn empty_page() -> Page {
    Page {
        messages: Vec::new(),
        first_seq: None,
        last_seq: None,
        rev: 0,
    }
}
