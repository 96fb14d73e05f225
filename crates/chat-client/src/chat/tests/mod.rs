//! Events in, effects out.

mod catching_up;
mod connection;
mod later_versions;

use protocol::ServerFrame;

use super::*;
use crate::effect::Fetched;
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
        changes: BTreeMap::new(),
        stale: Vec::new(),
    }
}

/// Ann, in room `r` with three messages, which is open and read.
fn in_room() -> Chat {
    let mut chat = Chat::of(user("ann"));
    chat.opened(at(0));
    chat.receive(welcome(vec![room("r", 3)], &[]), at(0));
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
fn only_visible_messages_are_read() {
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
    chat.receive(welcome(vec![room("r", 3)], &[]), at(2_100));
    assert_eq!(frames(chat.tick(at(3_000)).1), read);
    assert_eq!(chat.unread(), 0);
}

#[test]
fn own_messages_are_not_unread() {
    let mut chat = in_room();
    chat.watched(true);
    chat.watched(false);
    chat.receive(ServerFrame::Message(message_of("r", 4, "ann")), at(1));
    assert_eq!(chat.unread(), 0);
    chat.receive(ServerFrame::Message(message("r", 5)), at(2));
    chat.receive(ServerFrame::Message(message_of("r", 6, "ann")), at(3));
    assert_eq!(chat.unread(), 2, "the one in between is unread");
}

#[test]
fn an_expiring_lease_is_refreshed_before_the_user_is_shown_as_offline() {
    let mut chat = in_room();
    let presence = ServerFrame::Presence {
        room: "r".into(),
        user: user("bob"),
        online: true,
        until: at(300_000),
    };
    chat.receive(presence, at(0));
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
fn the_open_room_is_read_again_after_each_reconnect() {
    let mut chat = in_room();
    chat.closed(at(0), 0.5);
    let effects = chat.receive(welcome(vec![room("r", 3)], &[]), at(1_000));
    let refresh = Effect::Fetch(Fetch::Room { room: "r".into() });
    assert!(effects.contains(&refresh), "{effects:?}");
    chat.close_room();
    let effects = chat.receive(welcome(vec![room("r", 3)], &[]), at(2_000));
    assert!(!effects.contains(&refresh), "{effects:?}");
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
    chat.receive(
        ServerFrame::Left {
            reference: None,
            room: "r".into(),
        },
        at(1),
    );
    assert!(chat.rooms.is_empty());
    assert_eq!(chat.current, None);
}

#[test]
fn a_closed_room_is_not_read() {
    let mut chat = in_room();
    chat.close_room();
    assert_eq!(chat.current, None);
    assert!(!chat.watched(true));
    assert_eq!(chat.unread(), 3);
}

#[test]
fn making_new_messages_visible_reports_a_changed_unread_count() {
    let mut chat = in_room();
    assert!(!chat.watched(false));
    assert!(chat.watched(true));
    assert!(!chat.watched(true), "nothing was unread");
}

#[test]
fn a_rejected_message_of_the_open_room_is_retried_or_deleted() {
    let mut chat = in_room();
    let sent = frames(chat.send("r", "x".into(), "hi", at(1)).expect("a text"));
    let rejected = || ServerFrame::Problem {
        error: protocol::ErrorCode::UnknownRoom,
        message: "You are not a member of this room.".into(),
        reference: None,
        id: Some("x".into()),
        field: None,
        retry_at: None,
    };
    chat.receive(rejected(), at(2));
    assert_eq!(frames(chat.retry("x", at(3))), sent);
    chat.receive(rejected(), at(4));
    chat.discard("x");
    assert_eq!(chat.unsent(), []);
}

#[test]
fn older_messages_are_fetched_once_per_scroll() {
    let mut chat = in_room();
    assert_eq!(chat.scrolled_up(), [], "all of the room is loaded");
    chat.rooms
        .get_mut("r")
        .expect("the room")
        .log
        .forget_all_but(1);
    let older = Fetch::Older {
        room: "r".into(),
        before: 3,
    };
    assert_eq!(chat.scrolled_up(), [Effect::Fetch(older.clone())]);
    assert_eq!(chat.scrolled_up(), [], "it is in progress");
    chat.fetch_failed(older.clone(), true, at(1));
    assert_eq!(chat.scrolled_up(), [Effect::Fetch(older)]);
    let fetched = Fetched::Older {
        room: "r".into(),
        page: page("r", 1..=2),
    };
    chat.fetched(fetched, at(2));
    assert_eq!(seqs(&chat), [1, 2, 3]);
}

#[test]
fn invalid_messages_are_not_sent() {
    let mut chat = in_room();
    let field = |result: Result<Vec<Effect>, ValidationError>| result.unwrap_err().field;
    assert_eq!(field(chat.send("r", "a b".into(), "hi", at(1))), "id");
    assert_eq!(field(chat.send("r", "x".into(), "  ", at(1))), "text");
    assert_eq!(field(chat.send("s", "x".into(), "hi", at(1))), "room");
    assert_eq!(chat.unsent(), []);
}
