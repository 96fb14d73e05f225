//! Receipts of sent messages.

use chat_client::{Chat, Delivery, Room};

/// Receipts of sent messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    Pending,
    /// Rejected permanently, with the reason.
    Failed(String),
    Sent,
    Read {
        names: Vec<String>,
        more: usize,
    },
}

/// How many names are listed.
const NAMES: usize = 3;
/// How far back a message is searched by its id: further than the live end.
const BACK: usize = 200;

pub fn receipt(chat: &Chat, id: &str) -> Receipt {
    let Some(room) = chat.open_room() else {
        return Receipt::Sent;
    };
    match room.pending.delivery(id) {
        Delivery::Pending => Receipt::Pending,
        Delivery::Failed(reason) => Receipt::Failed(reason),
        Delivery::Sent => {
            let me = chat.my_id();
            let mut messages = room.log.messages().rev().take(BACK);
            let found = messages.find(|message| message.id == id && message.from.id == me);
            found.map_or(Receipt::Sent, |message| read(room, me, message.seq))
        }
    }
}

/// Who has read the reader's own message `seq`.
pub fn read(room: &Room, me: &str, seq: i64) -> Receipt {
    let mut names: Vec<String> = room
        .about
        .members
        .iter()
        .flatten()
        .filter(|member| member.user.id != me && member.read_seq >= seq)
        .map(|member| member.user.name.clone())
        .collect();
    if names.is_empty() {
        return Receipt::Sent;
    }
    let more = names.len().saturating_sub(NAMES);
    names.truncate(NAMES);
    Receipt::Read { names, more }
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
        assert_eq!(receipt(&chat, "x"), Receipt::Pending);
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
    fn a_message_is_pending_then_sent_then_read() {
        let mut chat = acknowledged();
        assert_eq!(receipt(&chat, "x"), Receipt::Sent);
        let bob = json!({"user": user("bob"), "role": "member", "read_seq": 0});
        let added = json!({"event": "added", "room": {"id": "r", "name": "Tea", "kind": "group",
            "last_seq": 1, "read_seq": 1, "members": [bob]}});
        chat.heard_text(&added.to_string(), at(1_700));
        let read = json!({"event": "read", "room": "r", "user": user("bob"), "seq": 1});
        chat.heard_text(&read.to_string(), at(1_800));
        let by_bob = Receipt::Read {
            names: vec!["bob".into()],
            more: 0,
        };
        assert_eq!(receipt(&chat, "x"), by_bob);
    }

    #[test]
    fn the_author_does_not_count_as_a_reader() {
        assert_eq!(receipt(&acknowledged(), "x"), Receipt::Sent);
    }
}
