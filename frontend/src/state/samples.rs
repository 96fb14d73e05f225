//! People, messages and a talk for the tests.

use chat_client::{Chat, Effect, Millis};
use protocol::{Message, ServerFrame, User};
use serde_json::{Value, json};

pub fn user(name: &str) -> User {
    User {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
    }
}

pub fn message(seq: i64, from: &str, at: Millis) -> Message {
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
pub fn talk(said: Vec<Message>) -> Chat {
    let mut chat = Chat::of(user("eve"));
    chat.follow_all();
    chat.connect(0);
    chat.opened(0);
    let about = json!({"id": "r", "name": "Tea", "kind": "group", "last_seq": 0, "read_seq": 0});
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
