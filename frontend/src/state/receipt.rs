//! Receipts of the user's own messages.

use chat_client::{Chat, Delivery, Timestamp};

/// How far a message of the user has come.
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

/// The read marks of the others in the open room, by name.
pub fn read_marks(chat: &Chat) -> Vec<(String, i64)> {
    let members = chat
        .open_room()
        .and_then(|room| room.about.members.as_ref());
    let others = members.into_iter().flatten();
    others
        .filter(|member| member.user.id != chat.my_id())
        .map(|member| (member.user.name.clone(), member.read_seq))
        .collect()
}

/// The receipt of a message of the open room that had no place yet when it was
/// drawn, and its `seq` and time once it has.
pub fn delivery(chat: &Chat, id: &str) -> (Receipt, Option<(i64, Timestamp)>) {
    let Some(room) = chat.open_room() else {
        return (Receipt::Sent, None);
    };
    match room.pending.delivery(id) {
        Delivery::Pending => (Receipt::Pending, None),
        Delivery::Failed(reason) => (Receipt::Failed(reason), None),
        Delivery::Sent => {
            let me = chat.my_id();
            let mut messages = room.log.messages().rev().take(BACK);
            let found = messages.find(|message| message.id == id && message.from.id == me);
            (
                Receipt::Sent,
                found.map(|message| (message.seq, message.at)),
            )
        }
    }
}

/// The receipt of message `seq`, by the read marks of the others.
pub fn read_by(marks: &[(String, i64)], seq: i64) -> Receipt {
    let readers = marks.iter().filter(|(_, mark)| *mark >= seq);
    let mut names: Vec<String> = readers.map(|(name, _)| name.clone()).collect();
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

    fn receipt(chat: &Chat, id: &str) -> Receipt {
        match delivery(chat, id) {
            (Receipt::Sent, Some((seq, _))) => read_by(&read_marks(chat), seq),
            (receipt, _) => receipt,
        }
    }

    fn acknowledged() -> Chat {
        let mut chat = talk(Vec::new());
        chat.send("r", "x".into(), "hi", at(1_000)).expect("a text");
        assert_eq!(receipt(&chat, "x"), Receipt::Pending);
        let ack = ServerFrame::Ack {
            id: "x".into(),
            room: "r".into(),
            seq: 1,
            rev: None,
            at: at(1_500),
        };
        chat.receive(ack, at(1_600));
        chat
    }

    #[test]
    fn a_message_is_pending_then_sent_then_read() {
        let mut chat = acknowledged();
        assert_eq!(receipt(&chat, "x"), Receipt::Sent);
        let bob = json!({"user": user("bob"), "role": "member", "read_seq": 0});
        let added = json!({"event": "added", "room": {"id": "r", "name": "Tea", "kind": "group",
            "last_seq": 1, "read_seq": 1, "members": [bob]}});
        chat.receive_text(&added.to_string(), at(1_700));
        let read = json!({"event": "read", "room": "r", "user": user("bob"), "seq": 1});
        chat.receive_text(&read.to_string(), at(1_800));
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

    #[test]
    fn a_receipt_lists_three_names_and_counts_the_rest() {
        let marks: Vec<_> = ["a", "b", "c", "d", "e"]
            .into_iter()
            .zip([5, 5, 5, 5, 1])
            .map(|(name, seq)| (name.to_owned(), seq))
            .collect();
        let Receipt::Read { names, more } = read_by(&marks, 5) else {
            panic!("it is read");
        };
        assert_eq!((names.len(), more), (3, 1));
        assert_eq!(read_by(&marks, 6), Receipt::Sent);
    }
}
