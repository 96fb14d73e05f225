//! Events in, effects out.

mod catching_up;
mod connection;
mod later_versions;

use protocol::ServerFrame;

use super::*;
use crate::samples::{at, message, message_of, page, room, user};

fn welcome(rooms: Vec<protocol::Room>, missed: &[(&str, Vec<protocol::Message>)]) -> ServerFrame {
    ServerFrame::Welcome {
        user: user("ann"),
        rooms,
        missed: missed
            .iter()
            .map(|(room, messages)| ((*room).to_owned(), messages.clone()))
            .collect(),
        more: Vec::new(),
        more_rooms: false,
    }
}

/// Ann, in room `r` with three messages, which is open and read.
fn in_room() -> Chat {
    let mut chat = Chat::of(user("ann"));
    chat.opened(at(0));
    chat.heard(welcome(vec![room("r", 3)], &[]), at(0));
    chat.open("r");
    chat.fetched(
        Fetched::Newest {
            room: "r".into(),
            page: page("r", 1..=3),
        },
        at(0),
    );
    chat
}

fn seqs(chat: &Chat) -> Vec<i64> {
    chat.rooms["r"].log.messages().map(|m| m.seq).collect()
}

fn frames(effects: Vec<Effect>) -> Vec<ClientFrame> {
    effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Send(frame) => Some(frame),
            _ => None,
        })
        .collect()
}

#[test]
fn only_displayed_messages_are_read() {
    let mut chat = in_room();
    assert_eq!(chat.unread(), 3);
    assert!(frames(chat.tick(at(1_000)).1).is_empty());
    chat.watched(true);
    let read = ClientFrame::Read {
        room: "r".into(),
        seq: 3,
    };
    assert_eq!(chat.unread(), 0, "at once");
    assert_eq!(frames(chat.tick(at(2_000)).1), [read]);
    assert!(frames(chat.tick(at(3_000)).1).is_empty(), "once is enough");
}

#[test]
fn a_read_mark_that_was_lost_with_its_socket_is_sent_on_the_next() {
    let mut chat = in_room();
    chat.watched(true);
    let read = [ClientFrame::Read {
        room: "r".into(),
        seq: 3,
    }];
    assert_eq!(frames(chat.tick(at(1_000)).1), read);
    chat.closed(at(5), 0.5);
    chat.opened(at(2_000));
    chat.heard(welcome(vec![room("r", 3)], &[]), at(2_100));
    assert_eq!(frames(chat.tick(at(3_000)).1), read);
    assert_eq!(chat.unread(), 0);
}

#[test]
fn what_one_says_oneself_is_not_unread() {
    let mut chat = in_room();
    chat.watched(true);
    chat.watched(false);
    chat.heard(ServerFrame::Message(message_of("r", 4, "ann")), at(1));
    assert_eq!(chat.unread(), 0);
    chat.heard(ServerFrame::Message(message("r", 5)), at(2));
    chat.heard(ServerFrame::Message(message_of("r", 6, "ann")), at(3));
    assert_eq!(chat.unread(), 2, "the one in between was not displayed");
}

#[test]
fn a_lease_that_expires_without_an_event_is_checked_first() {
    let mut chat = in_room();
    let presence = ServerFrame::Presence {
        room: "r".into(),
        user: user("bob"),
        online: true,
        until: at(300_000),
    };
    chat.heard(presence, at(0));
    let asks =
        |effects: Vec<Effect>| effects.contains(&Effect::Fetch(Fetch::Room { room: "r".into() }));
    assert!(!asks(chat.tick(at(299_000)).1));
    assert!(asks(chat.tick(at(300_000)).1));
    assert!(!asks(chat.tick(at(301_000)).1), "once is enough");
    assert!(chat.rooms["r"].has_company("id-of-ann"));
    chat.tick(at(315_000));
    assert!(!chat.rooms["r"].has_company("id-of-ann"));
}

#[test]
fn one_tells_that_one_writes_at_most_every_three_seconds() {
    let mut chat = in_room();
    assert_eq!(frames(chat.typing(at(5_000))).len(), 1);
    assert_eq!(frames(chat.typing(at(7_999))).len(), 0);
    assert_eq!(frames(chat.typing(at(8_000))).len(), 1);
}

#[test]
fn a_room_that_one_was_removed_from_is_gone() {
    let mut chat = in_room();
    chat.heard(
        ServerFrame::Left {
            reference: None,
            room: "r".into(),
        },
        at(1),
    );
    assert!(chat.rooms.is_empty());
    assert_eq!(chat.current, None);
}
