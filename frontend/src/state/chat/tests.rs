use std::collections::BTreeMap;

use wire::{ServerFrame, Word};

use super::*;
use crate::state::Delivery;
use crate::state::samples::{message, message_of, page, room, user};

fn welcome(rooms: Vec<wire::Room>, missed: &[(&str, Vec<wire::Message>)]) -> ServerFrame {
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
    chat.opened(0);
    chat.heard(welcome(vec![room("r", 3)], &[]), 0);
    chat.open("r");
    chat.fetched(
        Fetched::Newest {
            room: "r".into(),
            page: page("r", 1..=3),
        },
        0,
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
fn a_new_socket_says_what_is_here_already() {
    let mut chat = in_room();
    chat.closed();
    let frames = frames(chat.opened(10));
    let rooms = Some(BTreeMap::from([("r".to_owned(), 3)]));
    assert_eq!(frames, [ClientFrame::Hello { rooms }]);
}

#[test]
fn what_was_missed_appears_once_and_in_order() {
    let mut chat = in_room();
    chat.closed();
    chat.opened(10);
    chat.heard(ServerFrame::Message(message("r", 5)), 11);
    chat.heard(
        welcome(
            vec![room("r", 5)],
            &[("r", vec![message("r", 4), message("r", 5)])],
        ),
        12,
    );
    assert_eq!(seqs(&chat), [1, 2, 3, 4, 5]);
}

#[test]
fn a_message_said_while_cut_off_goes_out_with_the_next_socket_and_only_once() {
    let mut chat = in_room();
    chat.closed();
    assert!(chat.send("x".into(), "hi", 5).expect("a text").is_empty());
    assert!(
        frames(chat.opened(10))
            .iter()
            .all(|frame| !matches!(frame, ClientFrame::Message { .. }))
    );
    let sent = frames(chat.heard(welcome(vec![room("r", 3)], &[]), 11));
    assert!(matches!(&sent[..], [ClientFrame::Message { id, .. }] if id == "x"));
    assert_eq!(chat.rooms["r"].outbox.delivery("x"), Delivery::Pending);
    chat.heard(
        ServerFrame::Ack {
            id: "x".into(),
            room: "r".into(),
            seq: 4,
            at: 9,
        },
        12,
    );
    assert_eq!(chat.rooms["r"].outbox.delivery("x"), Delivery::Sent);
    assert_eq!(seqs(&chat), [1, 2, 3, 4]);
}

#[test]
fn a_message_whose_ack_was_lost_is_known_by_its_replay() {
    let mut chat = in_room();
    chat.send("m4".into(), "hi", 5).expect("a text");
    chat.closed();
    chat.opened(10);
    let effects = chat.heard(
        welcome(
            vec![room("r", 4)],
            &[("r", vec![message_of("r", 4, "ann")])],
        ),
        11,
    );
    assert!(frames(effects).is_empty(), "nothing is sent again");
    assert_eq!(chat.rooms["r"].outbox.outgoing().count(), 0);
    assert_eq!(seqs(&chat), [1, 2, 3, 4]);
}

#[test]
fn a_hole_that_does_not_fill_by_itself_is_asked_for() {
    let mut chat = in_room();
    chat.heard(ServerFrame::Message(message("r", 5)), 100);
    let asks = |effects: Vec<Effect>| {
        frames(effects).iter().any(
            |frame| matches!(frame, ClientFrame::Ping { rooms: Some(rooms) } if rooms["r"] == 3),
        )
    };
    assert!(!asks(chat.tick(200).1));
    assert!(asks(chat.tick(1_200).1));
    assert!(!asks(chat.tick(2_200).1), "one question at a time");
    let missed = BTreeMap::from([("r".to_owned(), vec![message("r", 4), message("r", 5)])]);
    chat.heard(
        ServerFrame::Pong {
            at: 0,
            missed,
            more: Vec::new(),
        },
        2_300,
    );
    assert_eq!(seqs(&chat), [1, 2, 3, 4, 5]);
    assert!(!asks(chat.tick(9_000).1));
}

#[test]
fn what_does_not_fit_into_a_frame_is_fetched_to_the_end() {
    let mut chat = in_room();
    let more = ServerFrame::Welcome {
        user: user("ann"),
        rooms: vec![room("r", 9)],
        missed: BTreeMap::from([("r".to_owned(), vec![message("r", 4)])]),
        more: vec!["r".into()],
        more_rooms: false,
    };
    let wanted = |after| {
        vec![Effect::FetchAfter {
            room: "r".into(),
            after,
        }]
    };
    assert_eq!(chat.heard(more, 1), wanted(4));
    let fetched = |seqs| Fetched::After {
        room: "r".into(),
        page: page("r", seqs),
    };
    assert_eq!(chat.fetched(fetched(5..=7), 2), wanted(7));
    assert_eq!(chat.fetched(fetched(8..=9), 3), []);
    assert_eq!(seqs(&chat), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn only_what_somebody_looks_at_is_read() {
    let mut chat = in_room();
    assert_eq!(chat.unread(), 3);
    assert!(frames(chat.tick(1_000).1).is_empty());
    chat.watched(true);
    let read = ClientFrame::Read {
        room: "r".into(),
        seq: 3,
    };
    assert_eq!(chat.unread(), 0, "at once");
    assert_eq!(frames(chat.tick(2_000).1), [read]);
    assert!(frames(chat.tick(3_000).1).is_empty(), "once is enough");
}

#[test]
fn a_read_mark_that_was_lost_with_its_socket_is_told_on_the_next() {
    let mut chat = in_room();
    chat.watched(true);
    let read = [ClientFrame::Read {
        room: "r".into(),
        seq: 3,
    }];
    assert_eq!(frames(chat.tick(1_000).1), read);
    chat.closed();
    chat.opened(2_000);
    chat.heard(welcome(vec![room("r", 3)], &[]), 2_100);
    assert_eq!(frames(chat.tick(3_000).1), read);
    assert_eq!(chat.unread(), 0);
}

#[test]
fn what_one_says_oneself_is_not_unread() {
    let mut chat = in_room();
    chat.watched(true);
    chat.watched(false);
    chat.heard(ServerFrame::Message(message_of("r", 4, "ann")), 1);
    assert_eq!(chat.unread(), 0);
    chat.heard(ServerFrame::Message(message("r", 5)), 2);
    chat.heard(ServerFrame::Message(message_of("r", 6, "ann")), 3);
    assert_eq!(chat.unread(), 2, "nobody has seen the one in between");
}

#[test]
fn somebody_whose_lease_runs_out_unheard_is_asked_about_before_they_vanish() {
    let mut chat = in_room();
    let presence = ServerFrame::Presence {
        room: "r".into(),
        user: user("bob"),
        online: true,
        until: 60_000,
    };
    chat.heard(presence, 0);
    let asks = |effects: Vec<Effect>| effects.contains(&Effect::FetchRoom { room: "r".into() });
    assert!(!asks(chat.tick(59_000).1));
    assert!(asks(chat.tick(60_000).1));
    assert!(!asks(chat.tick(61_000).1), "once is enough");
    assert!(chat.rooms["r"].has_company("id-of-ann"));
    chat.tick(75_000);
    assert!(!chat.rooms["r"].has_company("id-of-ann"));
}

#[test]
fn a_socket_that_does_not_answer_is_replaced() {
    let mut chat = in_room();
    chat.woke(1_000);
    assert_eq!(chat.tick(10_999).1, []);
    assert_eq!(chat.tick(11_000).1, [Effect::Reconnect]);
}

#[test]
fn after_four_silent_minutes_the_page_says_that_it_is_there() {
    let mut chat = in_room();
    assert!(frames(chat.tick(239_999).1).is_empty());
    assert!(matches!(
        frames(chat.tick(240_000).1)[..],
        [ClientFrame::Ping { .. }]
    ));
}

#[test]
fn one_tells_that_one_writes_at_most_every_three_seconds() {
    let mut chat = in_room();
    assert_eq!(frames(chat.typing(5_000)).len(), 1);
    assert_eq!(frames(chat.typing(7_999)).len(), 0);
    assert_eq!(frames(chat.typing(8_000)).len(), 1);
}

#[test]
fn a_room_that_one_was_removed_from_is_gone() {
    let mut chat = in_room();
    chat.heard(
        ServerFrame::Left {
            reference: None,
            room: "r".into(),
        },
        1,
    );
    assert!(chat.rooms.is_empty());
    assert_eq!(chat.current, None);
}

#[test]
fn an_ended_session_is_told() {
    let mut chat = in_room();
    let problem = ServerFrame::Problem {
        error: Word::SignedOut,
        message: "Signed out.".into(),
        reference: None,
        id: None,
        retry_at: None,
    };
    assert_eq!(chat.heard(problem, 1), [Effect::SignedOut]);
}
