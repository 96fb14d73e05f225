//! Fixtures.

use chat_client::{Chat, Effect, Timestamp};
use protocol::{Message, ServerFrame, User};
use serde_json::{Value, json};

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn user(name: &str) -> User {
    User {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
    }
}

pub fn message(seq: i64, from: &str, millis: i64) -> Message {
    Message {
        room: "r".to_owned(),
        seq,
        id: format!("m{seq}"),
        from: user(from),
        text: format!("message {seq}"),
        at: at(millis),
        ..Message::default()
    }
}

/// Eve's chat with one open room without history, after `messages`.
pub fn talk(said: Vec<Message>) -> Chat {
    let mut chat = Chat::of(user("eve"));
    chat.follow_all();
    chat.connect(at(0));
    chat.opened(at(0));
    let about = json!({"id": "r", "name": "Tea", "kind": "group", "last_seq": 0, "read_seq": 0});
    let welcome = json!({"event": "welcome", "user": user("eve"), "rooms": [about],
        "missed": {}, "more": []});
    let effects = chat.receive_text(&welcome.to_string(), at(0));
    let [Effect::Fetch(newest)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let page = json!({"messages": [], "first_seq": Value::Null, "last_seq": Value::Null});
    let newest = newest.answered(&page.to_string()).expect("a page");
    chat.fetched(newest, at(0));
    for message in said {
        chat.receive(ServerFrame::Message(message), at(0));
    }
    chat.open("r");
    chat
}
