//! The room list.

use chat_client::{Chat, Room, Timestamp};
use protocol::{RoomKind, User};

use crate::strings;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoomRow {
    pub id: String,
    /// See [`avatar_id`].
    pub avatar: String,
    pub title: String,
    pub unread: i64,
    /// Whether an unread message is known to mention the user.
    pub is_mentioned: bool,
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

/// The ids of the rooms that match, newest message first. None are shown before all
/// are known, so that the order is right from the beginning.
pub fn found(chat: &Chat, search: &str) -> Vec<String> {
    if !chat.is_listed {
        return Vec::new();
    }
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

/// The room that the Tab key reaches: the open one, or the first. The arrow keys lead
/// to the others.
pub fn tab_stop<'r>(shown: &'r [String], open: Option<&str>) -> Option<&'r String> {
    let is_open = |id: &&String| open == Some(id.as_str());
    shown.iter().find(is_open).or(shown.first())
}

/// Where a key leads from a place in a list of `count`.
pub fn key_target(key: &str, from: usize, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    Some(match key {
        "ArrowDown" => (from + 1).min(last),
        "ArrowUp" => from.saturating_sub(1),
        "Home" => 0,
        "End" => last,
        _ => return None,
    })
}

/// The room after or before the open one, among those with unread messages only if
/// `is_unread`; the first or the last one if none is open.
pub fn next_room(chat: &Chat, is_below: bool, is_unread: bool) -> Option<String> {
    let mut order = found(chat, "");
    if !is_below {
        order.reverse();
    }
    let open = chat.current.as_ref();
    let after = order.iter().position(|id| Some(id) == open);
    let is_wanted =
        |id: &&String| !is_unread || chat.rooms.get(*id).is_some_and(|room| room.unread() > 0);
    let mut following = order.iter().skip(after.map_or(0, |at| at + 1));
    following.find(is_wanted).cloned()
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
        if last.text.is_empty() {
            return strings::DELETED.to_owned();
        }
        let plain = super::plain(last.text);
        let line = plain.lines().next().unwrap_or_default();
        line.chars().take(PREVIEW).collect()
    };
    RoomRow {
        id: room.about.id.clone(),
        avatar: avatar_id(room, me),
        title: room.title(me),
        unread: room.unread(),
        is_mentioned: room.is_mentioned(),
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
    // A person who has left is known by what they wrote last.
    let other = room.other(me).or_else(|| {
        let last = room.about.last.as_ref().map(|last| &last.from);
        let mut senders = room.log.messages().rev().map(|message| &message.from);
        last.filter(|user| user.id != me)
            .or_else(|| senders.find(|user| user.id != me))
    });
    other.map_or(&room.about.id, |other| &other.id).clone()
}

/// The newest message of a room.
struct Last<'r> {
    seq: i64,
    from: &'r User,
    text: &'r str,
}

fn last(room: &Room) -> Option<Last<'_>> {
    let loaded = room.log.messages().next_back().map(|message| Last {
        seq: message.seq,
        from: &message.from,
        text: &message.text,
    });
    let listed = room.about.last.as_ref().map(|last| Last {
        seq: last.seq,
        from: &last.from,
        text: &last.text,
    });
    // The loaded one follows changes of the message.
    loaded.into_iter().chain(listed).reduce(
        |one, other| {
            if other.seq > one.seq { other } else { one }
        },
    )
}

/// When the newest message was stored, or an empty room was created.
fn last_at(room: &Room) -> Option<Timestamp> {
    room.about.last_at
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::state::samples::{at, message, talk, user};

    #[test]
    fn a_room_says_that_its_last_message_is_deleted() {
        let mut last = message(1, "bob", 2_000);
        last.text.clear();
        assert_eq!(row_of(&talk(vec![last]), "r", None).last, strings::DELETED);
    }

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

    /// A chat with these rooms: id, seconds of the last message, and its author.
    fn listed(rooms: &[(&str, i64, &str)]) -> Chat {
        let mut chat = Chat::of(user("eve"));
        chat.connect(at(0));
        chat.opened(at(0));
        let about = |(id, second, author): &(&str, i64, &str)| {
            json!({"id": id, "name": id, "kind": "group", "last_seq": 3, "read_seq": 1,
                "last": {"seq": 3, "from": user(author), "text": "hello", "at": second * 1_000},
                "last_at": second * 1_000})
        };
        let rooms: Vec<_> = rooms.iter().map(about).collect();
        let welcome = json!({"event": "welcome", "user": user("eve"), "rooms": rooms,
            "missed": {}, "more": []});
        chat.receive_text(&welcome.to_string(), at(0));
        chat
    }

    #[test]
    fn rooms_that_were_not_opened_are_in_order_and_show_their_last_message() {
        let mut chat = listed(&[("a", 10, "ann"), ("b", 30, "bob"), ("c", 20, "eve")]);
        assert_eq!(found(&chat, ""), ["b", "c", "a"]);
        let row = row_of(&chat, "b", None);
        assert_eq!(
            (row.author.as_deref(), row.last.as_str()),
            (Some("bob"), "hello")
        );
        assert_eq!((row.at, row.unread), (Some(at(30_000)), 2));
        assert_eq!(row_of(&chat, "c", None).author.as_deref(), Some(""));
        let mut said = message(4, "ann", 40_000);
        said.room = "a".to_owned();
        chat.receive(protocol::ServerFrame::Message(said), at(0));
        assert_eq!(found(&chat, ""), ["a", "b", "c"]);
        assert_eq!(row_of(&chat, "a", None).last, "message 4");
    }

    #[test]
    fn the_next_room_is_that_below_or_above_the_open_one() {
        let mut chat = listed(&[("a", 10, "ann"), ("b", 30, "bob"), ("c", 20, "eve")]);
        assert_eq!(next_room(&chat, true, false).as_deref(), Some("b"));
        assert_eq!(next_room(&chat, false, false).as_deref(), Some("a"));
        chat.open("b");
        assert_eq!(next_room(&chat, true, false).as_deref(), Some("c"));
        assert_eq!(next_room(&chat, false, false), None);
        chat.read_up_to("c", 3);
        assert_eq!(next_room(&chat, true, true).as_deref(), Some("a"));
    }

    #[test]
    fn a_part_of_the_rooms_is_not_shown_before_the_rest_is_known() {
        let mut chat = Chat::of(user("eve"));
        chat.connect(at(0));
        chat.opened(at(0));
        let room = json!({"id": "r", "name": "Tea", "kind": "group", "last_seq": 0, "read_seq": 0});
        let welcome = json!({"event": "welcome", "user": user("eve"), "rooms": [room],
            "missed": {}, "more": [], "more_rooms": true});
        chat.receive_text(&welcome.to_string(), at(0));
        assert!(found(&chat, "").is_empty());
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
    fn the_list_is_one_tab_stop_and_keys_lead_through_it() {
        let shown = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(tab_stop(&shown, Some("b")), Some(&shown[1]));
        assert_eq!(tab_stop(&shown, Some("gone")), Some(&shown[0]));
        assert_eq!(tab_stop(&[], None), None);
        let keys = ["ArrowDown", "ArrowUp", "Home", "End", "x"];
        assert_eq!(
            keys.map(|key| key_target(key, 2, 3)),
            [Some(2), Some(1), Some(0), Some(2), None]
        );
        assert_eq!(key_target("ArrowUp", 0, 3), Some(0));
        assert_eq!(key_target("Home", 0, 0), None);
    }

    #[test]
    fn a_search_finds_a_part_of_a_name_in_any_case() {
        let chat = talk(Vec::new());
        assert_eq!(found(&chat, " tE"), ["r"]);
        assert!(found(&chat, "coffee").is_empty());
    }
}
