//! The room list.

use std::collections::BTreeSet;

use chat_client::{Chat, Link, Room, Timestamp};
use protocol::Message;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoomRow {
    pub id: String,
    pub title: String,
    pub unread: i64,
    /// Whether another member is online.
    pub has_company: bool,
    pub is_open: bool,
    /// The last message's author; empty for the reader.
    pub author: Option<String>,
    /// The beginning of the last message.
    pub last: String,
    pub at: Option<Timestamp>,
}

/// Characters of the last message that are shown.
const PREVIEW: usize = 80;

/// The rooms whose last message is fetched before they are opened: each is a
/// request.
const FETCHED: usize = 20;

/// The rooms whose last message is to be fetched and has not been `requested`:
/// unread ones first.
pub fn to_fetch(chat: &Chat, asked: &BTreeSet<String>) -> Vec<String> {
    if chat.link != Link::Live {
        return Vec::new();
    }
    let mut unknown: Vec<(bool, &String)> = chat
        .rooms
        .iter()
        .filter(|(id, room)| {
            room.about.last_seq > 0 && !room.log.is_loaded() && !asked.contains(*id)
        })
        .map(|(id, room)| (room.unread() == 0, id))
        .collect();
    unknown.sort();
    let left = FETCHED.saturating_sub(asked.len());
    let wanted = unknown.into_iter().take(left);
    wanted.map(|(_, id)| id.clone()).collect()
}

/// The ids of the rooms that match, newest message first.
pub fn found(chat: &Chat, search: &str) -> Vec<String> {
    let search = search.trim().to_lowercase();
    let mut found: Vec<(Option<Timestamp>, String, &String)> = chat
        .rooms
        .iter()
        .map(|(id, room)| (last(room), room.title(chat.my_id()).to_lowercase(), id))
        .map(|(last, title, id)| (last.map(|last| last.at), title, id))
        .filter(|(_, title, _)| title.contains(&search))
        .collect();
    found.sort_by(|(at, title, _), (other_at, other_title, _)| {
        other_at.cmp(at).then_with(|| title.cmp(other_title))
    });
    found.into_iter().map(|(_, _, id)| id.clone()).collect()
}

/// Empty for an unknown room.
pub fn row_of(chat: &Chat, id: &str) -> RoomRow {
    let Some(room) = chat.rooms.get(id) else {
        return RoomRow::default();
    };
    let me = chat.my_id();
    let last = last(room);
    let author = |message: &Message| {
        if message.from.id == me {
            String::new()
        } else {
            message.from.name.clone()
        }
    };
    let preview = |message: &Message| {
        let line = message.text.lines().next().unwrap_or_default();
        line.chars().take(PREVIEW).collect()
    };
    RoomRow {
        id: room.about.id.clone(),
        title: room.title(me),
        unread: room.unread(),
        has_company: room.has_company(me),
        is_open: chat.current.as_ref() == Some(&room.about.id),
        author: last.map(author),
        last: last.map(preview).unwrap_or_default(),
        at: last.map(|message| message.at),
    }
}

fn last(room: &Room) -> Option<&Message> {
    room.log.messages().next_back()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::state::samples::{at, message, talk};

    #[test]
    fn a_room_shows_the_beginning_of_what_was_said_last() {
        let mut last = message(2, "bob", 2_000);
        last.text = format!("{}\nsecond line", "x".repeat(200));
        let chat = talk(vec![message(1, "ann", 1_000), last]);
        let row = row_of(&chat, "r");
        assert_eq!(row.last, "x".repeat(PREVIEW));
        assert_eq!(row.author.as_deref(), Some("bob"));
        assert_eq!((row.at, row.is_open), (Some(at(2_000)), true));
    }

    #[test]
    fn the_last_message_of_a_room_is_fetched_once_and_unread_rooms_come_first() {
        let mut chat = talk(Vec::new());
        for (id, read) in [("a", 1), ("b", 0)] {
            let room = json!({"id": id, "name": id, "kind": "group", "last_seq": 1,
                "read_seq": read});
            let added = json!({"event": "added", "room": room});
            chat.heard_text(&added.to_string(), at(0));
        }
        let mut asked = BTreeSet::new();
        assert_eq!(to_fetch(&chat, &asked), ["b", "a"]);
        asked.insert("b".to_owned());
        assert_eq!(to_fetch(&chat, &asked), ["a"]);
        asked.extend((0..FETCHED).map(|number| number.to_string()));
        assert!(to_fetch(&chat, &asked).is_empty());
    }

    #[test]
    fn a_search_finds_a_part_of_a_name_in_any_case() {
        let chat = talk(Vec::new());
        assert_eq!(found(&chat, " tE"), ["r"]);
        assert!(found(&chat, "coffee").is_empty());
    }
}
