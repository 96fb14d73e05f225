//! How far one's own message has come.

use chat_client::{Chat, Delivery, Room};

/// How far one's own message has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Not yet acknowledged.
    Pending,
    /// Refused for good, with the reason.
    Failed(String),
    /// Acknowledged.
    Sent,
    /// Read by these, and by so many more.
    Read {
        /// A few names.
        names: Vec<String>,
        /// How many others.
        more: usize,
    },
}

/// How many names are told.
const NAMES: usize = 3;
/// How far back a message is looked for by its id: further than what is drawn
/// anew goes.
const BACK: usize = 200;

/// The standing of a message of the open room.
pub fn standing(chat: &Chat, id: &str) -> Standing {
    let Some(room) = chat.open_room() else {
        return Standing::Sent;
    };
    match room.pending.delivery(id) {
        Delivery::Pending => Standing::Pending,
        Delivery::Failed(reason) => Standing::Failed(reason),
        Delivery::Sent => {
            let me = chat.my_id();
            let mut messages = room.log.messages().rev().take(BACK);
            let found = messages.find(|message| message.id == id && message.from.id == me);
            found.map_or(Standing::Sent, |message| read(room, me, message.seq))
        }
    }
}

/// Who has read what one said oneself as number `seq`.
pub fn read(room: &Room, me: &str, seq: i64) -> Standing {
    let mut names: Vec<String> = room
        .about
        .members
        .iter()
        .flatten()
        .filter(|member| member.user.id != me && member.read_seq >= seq)
        .map(|member| member.user.name.clone())
        .collect();
    if names.is_empty() {
        return Standing::Sent;
    }
    let more = names.len().saturating_sub(NAMES);
    names.truncate(NAMES);
    Standing::Read { names, more }
}

#[cfg(test)]
mod tests {
    use protocol::ServerFrame;
    use serde_json::json;

    use super::*;
    use crate::state::samples::{at, talk, user};

    fn acknowledged() -> Chat {
        let mut chat = talk(Vec::new());
        chat.say("r", "x".into(), "hi", at(1_000)).expect("a text");
        assert_eq!(standing(&chat, "x"), Standing::Pending);
        let ack = ServerFrame::Ack {
            id: "x".into(),
            room: "r".into(),
            seq: 1,
            at: at(1_500),
        };
        chat.heard(ack, at(1_600));
        chat
    }

    #[test]
    fn a_message_is_pending_then_sent_then_read_by_somebody() {
        let mut chat = acknowledged();
        assert_eq!(standing(&chat, "x"), Standing::Sent);
        let bob = json!({"user": user("bob"), "role": "member", "read_seq": 0});
        let added = json!({"event": "added", "room": {"id": "r", "name": "Tea", "kind": "group",
            "last_seq": 1, "read_seq": 1, "members": [bob]}});
        chat.heard_text(&added.to_string(), at(1_700));
        let read = json!({"event": "read", "room": "r", "user": user("bob"), "seq": 1});
        chat.heard_text(&read.to_string(), at(1_800));
        let by_bob = Standing::Read {
            names: vec!["bob".into()],
            more: 0,
        };
        assert_eq!(standing(&chat, "x"), by_bob);
    }

    #[test]
    fn one_does_not_read_oneself() {
        assert_eq!(standing(&acknowledged(), "x"), Standing::Sent);
    }
}
