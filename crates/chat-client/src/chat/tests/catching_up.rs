//! What was missed comes, and what was said arrives, once.

use std::collections::BTreeMap;

use protocol::ServerFrame;

use super::*;
use crate::pending::Delivery;

#[test]
fn missed_messages_appear_once_and_in_order() {
    let mut chat = in_room();
    chat.closed(at(5), 0.5);
    chat.opened(at(10));
    chat.receive(ServerFrame::Message(message("r", 5)), at(11));
    chat.receive(
        welcome(
            vec![room("r", 5)],
            &[("r", vec![message("r", 4), message("r", 5)])],
        ),
        at(12),
    );
    assert_eq!(seqs(&chat), [1, 2, 3, 4, 5]);
}

#[test]
fn a_message_said_while_cut_off_goes_out_with_the_next_socket_and_only_once() {
    let mut chat = in_room();
    chat.closed(at(5), 0.5);
    assert!(
        chat.send("r", "x".into(), "hi", at(5))
            .expect("a text")
            .is_empty()
    );
    assert!(
        frames(chat.opened(at(10)))
            .iter()
            .all(|frame| !matches!(frame, ClientFrame::Message { .. }))
    );
    let sent = frames(chat.receive(welcome(vec![room("r", 3)], &[]), at(11)));
    assert!(matches!(&sent[..], [ClientFrame::Message { id, .. }] if id == "x"));
    assert_eq!(chat.rooms["r"].pending.delivery("x"), Delivery::Pending);
    chat.receive(
        ServerFrame::Ack {
            id: "x".into(),
            room: "r".into(),
            seq: 4,
            rev: None,
            at: at(9),
        },
        at(12),
    );
    assert_eq!(chat.rooms["r"].pending.delivery("x"), Delivery::Sent);
    assert_eq!(seqs(&chat), [1, 2, 3, 4]);
}

#[test]
fn a_message_whose_ack_was_lost_is_known_by_its_replay() {
    let mut chat = in_room();
    chat.send("r", "m4".into(), "hi", at(5)).expect("a text");
    chat.closed(at(5), 0.5);
    chat.opened(at(10));
    let effects = chat.receive(
        welcome(
            vec![room("r", 4)],
            &[("r", vec![message_of("r", 4, "ann")])],
        ),
        at(11),
    );
    assert!(frames(effects).is_empty(), "nothing is sent again");
    assert_eq!(chat.rooms["r"].pending.outgoing().count(), 0);
    assert_eq!(seqs(&chat), [1, 2, 3, 4]);
}

#[test]
fn a_hole_that_does_not_fill_by_itself_is_asked_for() {
    let mut chat = in_room();
    chat.receive(ServerFrame::Message(message("r", 5)), at(100));
    let asks = |effects: Vec<Effect>| {
        frames(effects).iter().any(
            |frame| matches!(frame, ClientFrame::Ping { rooms: Some(rooms), .. } if rooms["r"] == 3),
        )
    };
    assert!(!asks(chat.tick(at(200)).1));
    assert!(asks(chat.tick(at(1_200)).1));
    assert!(!asks(chat.tick(at(2_200)).1), "one question at a time");
    let missed = BTreeMap::from([("r".to_owned(), vec![message("r", 4), message("r", 5)])]);
    chat.receive(
        ServerFrame::Pong {
            at: at(0),
            missed,
            more: Vec::new(),
            reads: BTreeMap::new(),
            changes: BTreeMap::new(),
            stale: Vec::new(),
        },
        at(2_300),
    );
    assert_eq!(seqs(&chat), [1, 2, 3, 4, 5]);
    assert!(!asks(chat.tick(at(9_000)).1));
}

#[test]
fn messages_beyond_a_frame_are_fetched() {
    let mut chat = in_room();
    let more = ServerFrame::Welcome {
        user: user("ann"),
        rooms: vec![room("r", 9)],
        missed: BTreeMap::from([("r".to_owned(), vec![message("r", 4)])]),
        more: vec!["r".into()],
        more_rooms: false,
        changes: BTreeMap::new(),
        stale: Vec::new(),
    };
    let wanted = |after| {
        vec![Effect::Fetch(Fetch::After {
            room: "r".into(),
            after,
        })]
    };
    let of_page = |effects: Vec<Effect>| {
        let is_page = |effect: &Effect| !matches!(effect, Effect::Fetch(Fetch::Room { .. }));
        effects.into_iter().filter(is_page).collect::<Vec<_>>()
    };
    assert_eq!(of_page(chat.receive(more, at(1))), wanted(4));
    let fetched = |after, seqs| Fetched::After {
        room: "r".into(),
        after,
        page: page("r", seqs),
    };
    assert_eq!(chat.fetched(fetched(4, 5..=7), at(2)), wanted(7));
    assert_eq!(chat.fetched(fetched(7, 8..=9), at(3)), []);
    assert_eq!(seqs(&chat), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn a_message_that_the_gateway_lost_is_sent_again_a_second_later_on_the_same_socket() {
    let mut chat = in_room();
    let first = frames(chat.send("r", "x".into(), "hi", at(100)).expect("a text"));
    let fault = r#"{"message": "Internal server error", "connectionId": "c", "requestId": "q"}"#;
    assert_eq!(chat.receive_text(fault, at(500)), []);
    assert!(frames(chat.tick(at(1_499)).1).is_empty());
    assert_eq!(frames(chat.tick(at(1_500)).1), first);
}

#[test]
fn a_page_that_did_not_come_is_asked_for_again_if_it_may_come() {
    let mut chat = in_room();
    let after = Fetch::After {
        room: "r".into(),
        after: 3,
    };
    let more = |chat: &mut Chat, now| {
        let pong = ServerFrame::Pong {
            at: at(0),
            missed: BTreeMap::new(),
            more: vec!["r".into()],
            reads: BTreeMap::new(),
            changes: BTreeMap::new(),
            stale: Vec::new(),
        };
        chat.receive(pong, now)
    };
    assert_eq!(more(&mut chat, at(1)), [Effect::Fetch(after.clone())]);
    assert_eq!(more(&mut chat, at(2)), [], "it is under way");
    chat.fetch_failed(after.clone(), true, at(10));
    assert_eq!(chat.tick(at(3_009)).1, []);
    assert_eq!(chat.tick(at(3_010)).1, [Effect::Fetch(after.clone())]);
    chat.fetch_failed(after.clone(), false, at(3_100));
    assert_eq!(chat.tick(at(9_000)).1, []);
    assert_eq!(more(&mut chat, at(9_001)), [Effect::Fetch(after)]);
}

#[test]
fn a_client_that_follows_all_rooms_fetches_each_new_one() {
    let mut chat = Chat::of(user("ann"));
    chat.follow_all();
    chat.connect(at(0));
    chat.opened(at(0));
    let newest = |id: &str| Effect::Fetch(Fetch::Newest { room: id.into() });
    let rooms = vec![room("a", 0), room("b", 2)];
    assert_eq!(
        chat.receive(welcome(rooms, &[]), at(1)),
        [newest("a"), newest("b")]
    );
    let added = ServerFrame::Added { room: room("c", 0) };
    assert_eq!(chat.receive(added.clone(), at(2)), [newest("c")]);
    assert_eq!(chat.receive(added, at(3)), []);
}

#[test]
fn half_a_minute_after_a_message_a_ping_asks_for_more() {
    let mut chat = in_room();
    let asks = |effects: Vec<Effect>| {
        frames(effects)
            .iter()
            .any(|frame| matches!(frame, ClientFrame::Ping { rooms: Some(_), .. }))
    };
    chat.receive(ServerFrame::Message(message("r", 4)), at(10_000));
    chat.receive(ServerFrame::Message(message("r", 5)), at(39_000));
    assert!(!asks(chat.tick(at(39_999)).1));
    assert!(asks(chat.tick(at(40_000)).1), "also while the talk goes on");
    let pong = ServerFrame::Pong {
        at: at(0),
        missed: BTreeMap::new(),
        more: Vec::new(),
        reads: BTreeMap::new(),
        changes: BTreeMap::new(),
        stale: Vec::new(),
    };
    chat.receive(pong, at(40_100));
    assert!(!asks(chat.tick(at(279_999)).1));
    assert!(
        asks(chat.tick(at(280_000)).1),
        "four minutes after the last time"
    );
}

#[test]
fn a_newest_page_that_arrives_before_its_room_is_kept_for_it() {
    let mut chat = Chat::of(user("ann"));
    chat.opened(at(0));
    let effects = chat.open("r");
    assert!(effects.contains(&Effect::Fetch(Fetch::Newest { room: "r".into() })));
    let newest = Fetched::Newest {
        room: "r".into(),
        page: page("r", 1..=3),
    };
    chat.fetched(newest, at(0));
    chat.receive(welcome(vec![room("q", 1), room("r", 3)], &[]), at(0));
    assert_eq!(seqs(&chat), [1, 2, 3]);
    assert!(!chat.rooms["q"].log.is_loaded());
}
