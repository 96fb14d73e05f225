//! The people of the tests and what they send.

use std::time::Duration;

use domain::{ClientMessageId, EmailAddress, MessageText};
use protocol::{Message, Role, User};
use store::Store;
use store::connections::Connection;
use store::members::{ActOf, MemberRow};
use store::messages::{Appended, Draft};
use store::presence::{FrameCost, Opened};

use crate::scratch::NOW;

/// A person whose id is their name in small letters.
pub fn person(name: &str) -> User {
    User {
        id: name.to_lowercase(),
        name: name.to_owned(),
    }
}

pub fn address(name: &str) -> EmailAddress {
    let text = format!("{}@example.org", name.to_lowercase());
    EmailAddress::parse("email", &text).expect("it is an address")
}

/// A person as a member since `since` after [`NOW`].
pub fn member(room: &str, name: &str, since: u64) -> MemberRow {
    let now = NOW + Duration::from_millis(since);
    MemberRow::new(room, &person(name), Role::Member, now)
}

/// A socket that opened at [`NOW`].
pub async fn open(store: &Store, id: &str, name: &str, session: &str) -> Opened {
    let User { id: user, name } = person(name);
    let socket = Connection::new(id.into(), user, session.into(), NOW);
    let opened = store.open_socket(&socket, &name, NOW).await;
    opened.expect("the database takes it")
}

/// The socket says `hello`, and its person is in these rooms.
pub async fn hello(store: &Store, id: &str, rooms: &[&str]) {
    let begun = store
        .begin_frame(id, true, FrameCost::ONE, NOW)
        .await
        .unwrap();
    assert!(begun.is_some(), "{id} is open");
    let user = begun.unwrap().user.name;
    let rooms: Vec<String> = rooms.iter().map(|room| (*room).to_owned()).collect();
    for room in &rooms {
        let row = member(room, &user, 0);
        store.add_member(&row, ActOf::Member).await.unwrap();
    }
    store
        .mark_ready(id, &rooms, &["changes".to_owned()])
        .await
        .unwrap();
}

/// A member sends a message.
pub async fn say(store: &Store, room: &str, name: &str, id: &str) -> Appended {
    store
        .add_member(&member(room, name, 0), ActOf::Member)
        .await
        .unwrap();
    say_as(store, room, &person(name), id, &format!("{id} by {name}")).await
}

/// A person, member or not, sends this text.
pub async fn say_as(store: &Store, room: &str, from: &User, id: &str, text: &str) -> Appended {
    let draft = Draft {
        room,
        from,
        id: &ClientMessageId::parse("id", id).expect("it is an id"),
        text: &MessageText::parse("text", text).expect("it is a text"),
        reply_to: None,
        mentions: &[],
    };
    let appended = store.append(&draft, NOW).await;
    appended.expect("the database takes it")
}

/// A room in which Ada has sent as many messages.
pub async fn talk(store: &Store, room: &str, messages: i64) {
    for seq in 1..=messages {
        let said = say(store, room, "Ada", &format!("m{seq}")).await;
        assert_eq!(new(said).seq, seq);
    }
}

/// The message, which must be new.
pub fn new(appended: Appended) -> Message {
    match appended {
        Appended::New(message, _) => message,
        Appended::Duplicate(message) => panic!("it was there: {message:?}"),
        Appended::NotMember => panic!("its sender is not a member"),
    }
}

/// The `seq` of each message.
pub fn seqs(messages: &[Message]) -> Vec<i64> {
    messages.iter().map(|message| message.seq).collect()
}
