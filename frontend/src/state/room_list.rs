//! The room list.

use std::collections::BTreeSet;

use chat_client::{Chat, Link, Room, Timestamp};
use protocol::{RoomKind, User};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoomRow {
    pub id: String,
    /// See [`avatar_id`].
    pub avatar: String,
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
    /// The beginning of the user's draft.
    pub draft: Option<String>,
}

/// Characters of the last message that are shown.
pub const PREVIEW: usize = 80;

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
        .map(|(id, room)| (last_at(room), room.title(chat.my_id()).to_lowercase(), id))
        .filter(|(_, title, _)| title.contains(&search))
        .collect();
    found.sort_by(|(at, title, _), (other_at, other_title, _)| {
        other_at.cmp(at).then_with(|| title.cmp(other_title))
    });
    found.into_iter().map(|(_, _, id)| id.clone()).collect()
}

/// The rooms of `fresh` in the order of `shown`, so that nothing moves under the
/// pointer. New ones come last.
pub fn in_shown_order(shown: &[String], fresh: Vec<String>) -> Vec<String> {
    let kept = shown.iter().filter(|id| fresh.contains(id)).cloned();
    let mut order: Vec<String> = kept.collect();
    order.extend(fresh.into_iter().filter(|id| !shown.contains(id)));
    order
}

/// Empty for an unknown room.
pub fn row_of(chat: &Chat, id: &str, draft: Option<&str>) -> RoomRow {
    let Some(room) = chat.rooms.get(id) else {
        return RoomRow::default();
    };
    let me = chat.my_id();
    let last = last(room);
    let author = |last: &Last<'_>| {
        if last.from.id == me {
            Some(String::new())
        } else if room.about.kind == RoomKind::Direct {
            // The title names the author.
            None
        } else {
            Some(last.from.name.clone())
        }
    };
    let preview = |last: &Last<'_>| {
        let line = last.text.lines().next().unwrap_or_default();
        line.chars().take(PREVIEW).collect()
    };
    RoomRow {
        id: room.about.id.clone(),
        avatar: avatar_id(room, me),
        title: room.title(me),
        unread: room.unread(),
        has_company: room.has_company(me),
        is_open: chat.current.as_ref() == Some(&room.about.id),
        author: last.as_ref().and_then(author),
        last: last.as_ref().map(preview).unwrap_or_default(),
        at: last_at(room),
        draft: draft.map(str::to_owned),
    }
}

/// The id that an avatar's colour depends on: a person has the same one everywhere.
pub fn avatar_id(room: &Room, me: &str) -> String {
    if room.about.kind != RoomKind::Direct {
        return room.about.id.clone();
    }
    // Before the members are known, a message of the other tells their id.
    let other = room.other(me).or_else(|| {
        let mut senders = room.log.messages().rev().map(|message| &message.from);
        senders.find(|user| user.id != me)
    });
    other.map_or(&room.about.id, |other| &other.id).clone()
}

/// The newest message of a room.
struct Last<'r> {
    from: &'r User,
    text: &'r str,
    at: Timestamp,
}

fn last(room: &Room) -> Option<Last<'_>> {
    let message = room.log.messages().next_back()?;
    Some(Last {
        from: &message.from,
        text: &message.text,
        at: message.at,
    })
}

fn last_at(room: &Room) -> Option<Timestamp> {
    last(room).map(|last| last.at)
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
        let row = row_of(&chat, "r", None);
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
            chat.receive_text(&added.to_string(), at(0));
        }
        let mut asked = BTreeSet::new();
        assert_eq!(to_fetch(&chat, &asked), ["b", "a"]);
        asked.insert("b".to_owned());
        assert_eq!(to_fetch(&chat, &asked), ["a"]);
        asked.extend((0..FETCHED).map(|number| number.to_string()));
        assert!(to_fetch(&chat, &asked).is_empty());
    }

    #[test]
    fn rooms_keep_their_order_under_a_pointer_and_new_ones_come_last() {
        let ids = |ids: &[&str]| -> Vec<String> { ids.iter().map(|id| (*id).to_owned()).collect() };
        let shown = ids(&["a", "b", "c"]);
        assert_eq!(
            in_shown_order(&shown, ids(&["d", "c", "a"])),
            ids(&["a", "c", "d"])
        );
    }

    #[test]
    fn a_search_finds_a_part_of_a_name_in_any_case() {
        let chat = talk(Vec::new());
        assert_eq!(found(&chat, " tE"), ["r"]);
        assert!(found(&chat, "coffee").is_empty());
    }
}
