//! Whoever appears in the tests, and what they say.

use domain::{ClientMessageId, EmailAddress, MessageText};
use store::Store;
use store::members::MemberRow;
use store::messages::{Appended, Draft};
use wire::{Message, Role, User};

use crate::scratch::NOW;

/// Somebody; their id is their name in small letters.
pub fn person(name: &str) -> User {
    User {
        id: name.to_lowercase(),
        name: name.to_owned(),
    }
}

/// Their address.
pub fn address(name: &str) -> EmailAddress {
    let text = format!("{}@example.org", name.to_lowercase());
    EmailAddress::parse("email", &text).expect("it is an address")
}

/// Somebody as a member since `since` after [`NOW`].
pub fn member(room: &str, name: &str, since: i64) -> MemberRow {
    MemberRow::new(room, &person(name), Role::Member, NOW + since)
}

/// Somebody says something, thinking that `last_seq` is the newest.
pub async fn say(store: &Store, room: &str, name: &str, id: &str, last_seq: i64) -> Appended {
    let draft = Draft {
        room,
        from: &person(name),
        id: &ClientMessageId::parse("id", id).expect("it is an id"),
        text: &MessageText::parse("text", &format!("{id} by {name}")).expect("it is a text"),
    };
    let appended = store.append(&draft, last_seq, NOW).await;
    appended.expect("the database takes it")
}

/// A room in which Ada has said as many things.
pub async fn talk(store: &Store, room: &str, messages: i64) {
    for seq in 1..=messages {
        let said = say(store, room, "Ada", &format!("m{seq}"), seq - 1).await;
        assert_eq!(new(said).seq, seq);
    }
}

/// The message, which must be new.
pub fn new(appended: Appended) -> Message {
    match appended {
        Appended::New(message) => message,
        Appended::Already(message) => panic!("it was there: {message:?}"),
    }
}

/// The `seq` of each message.
pub fn seqs(messages: &[Message]) -> Vec<i64> {
    messages.iter().map(|message| message.seq).collect()
}
