//! Sockets that come and go, and do not answer.

use std::collections::BTreeMap;

use protocol::{ErrorCode, ServerFrame};

use super::*;

#[test]
fn a_new_socket_says_what_is_here_already() {
    let mut chat = in_room();
    chat.closed(at(5), 0.5);
    let frames = frames(chat.opened(at(10)));
    let rooms = Some(BTreeMap::from([("r".to_owned(), 3)]));
    assert_eq!(
        frames,
        [ClientFrame::Hello {
            rooms,
            revs: Some([("r".to_owned(), 0)].into()),
            understands: vec!["changes".to_owned()],
        }]
    );
}

#[test]
fn restored_unsent_messages_are_sent_under_the_same_id() {
    let mut chat = in_room();
    chat.closed(at(5), 0.5);
    chat.send("r", "a".into(), "first", at(6)).expect("said");
    chat.send("r", "b".into(), "second", at(7)).expect("said");
    let unsent = chat.unsent();
    assert_eq!(unsent.len(), 2);

    let mut next = Chat::of(user("ann"));
    next.restore(unsent.clone(), at(0));
    assert_eq!(next.unsent(), unsent, "kept until the room is known");
    let elsewhere = Unsent {
        room: "left".into(),
        ..unsent[0].clone()
    };
    next.restore(vec![elsewhere], at(0));
    next.opened(at(10));
    let sent = frames(next.receive(welcome(vec![room("r", 3)], &[]), at(11)));
    let first = ClientFrame::Message {
        id: "a".into(),
        room: "r".into(),
        text: "first".into(),
        reply_to: None,
        mentions: Vec::new(),
    };
    assert!(sent.contains(&first), "{sent:?}");
    assert_eq!(
        next.unsent(),
        unsent,
        "and not what was said in a room one left"
    );
    for (id, seq) in [("a", 4), ("b", 5)] {
        let ack = ServerFrame::Ack {
            id: id.into(),
            room: "r".into(),
            seq,
            rev: None,
            at: at(12),
        };
        next.receive(ack, at(12));
    }
    assert_eq!(next.unsent(), []);
}

#[test]
fn a_socket_that_does_not_answer_is_replaced() {
    let mut chat = in_room();
    chat.woke(at(1_000));
    assert_eq!(chat.tick(at(10_999)).1, []);
    assert_eq!(
        chat.tick(at(11_000)).1,
        [Effect::Connect {
            after: Duration::ZERO
        }]
    );
}

#[test]
fn after_four_silent_minutes_one_says_that_one_is_there() {
    let mut chat = in_room();
    assert!(frames(chat.tick(at(239_999)).1).is_empty());
    assert!(matches!(
        frames(chat.tick(at(240_000)).1)[..],
        [ClientFrame::Ping { .. }]
    ));
}

#[test]
fn an_ended_session_is_reported() {
    let mut chat = in_room();
    let problem = ServerFrame::Problem {
        error: ErrorCode::SignedOut,
        message: "Signed out.".into(),
        reference: None,
        id: None,
        field: None,
        retry_at: None,
    };
    assert_eq!(chat.receive(problem, at(1)), [Effect::SignedOut]);
}

#[test]
fn sockets_that_come_to_nothing_are_tried_again_after_growing_waits() {
    let mut chat = in_room();
    let after = |effects: Vec<Effect>| match effects[..] {
        [Effect::Connect { after }] => after,
        _ => panic!("{effects:?}"),
    };
    assert_eq!(after(chat.closed(at(0), 0.0)), Duration::from_millis(250));
    assert_eq!(
        after(chat.closed(at(300), 1.0)),
        Duration::from_millis(1_000)
    );
    assert_eq!(
        after(chat.closed(at(1_400), 1.0)),
        Duration::from_millis(2_000)
    );
    chat.opened(at(3_500));
    assert_eq!(
        after(chat.closed(at(3_600), 1.0)),
        Duration::from_secs(4),
        "open is not welcome"
    );
    chat.opened(at(8_000));
    chat.receive(welcome(vec![room("r", 3)], &[]), at(8_100));
    assert_eq!(
        after(chat.closed(at(8_200), 0.0)),
        Duration::from_millis(250)
    );
}

#[test]
fn waking_up_reconnects_at_once_and_keeps_an_opening_socket() {
    let mut chat = in_room();
    chat.closed(at(0), 1.0);
    assert_eq!(
        chat.woke(at(100)),
        [Effect::Connect {
            after: Duration::ZERO
        }]
    );
    assert_eq!(chat.woke(at(200)), [], "it is opening");
    assert_eq!(chat.tick(at(40_099)).1, []);
    assert_eq!(
        chat.tick(at(40_100)).1,
        [Effect::Connect {
            after: Duration::ZERO
        }]
    );
}

#[test]
fn a_refused_hello_is_said_again_when_it_may() {
    let mut chat = in_room();
    chat.closed(at(0), 0.0);
    chat.opened(at(1_000));
    chat.receive(problem(ErrorCode::TryAgain, None), at(5_000));
    assert!(chat.tick(at(5_999)).1.is_empty());
    let said = frames(chat.tick(at(6_000)).1);
    assert!(matches!(said[..], [ClientFrame::Hello { .. }]), "{said:?}");
    assert!(
        chat.tick(at(15_999)).1.is_empty(),
        "it counts from the new one"
    );
    assert_eq!(
        chat.tick(at(16_000)).1,
        [Effect::Connect {
            after: Duration::ZERO
        }]
    );
}

#[test]
fn a_ping_that_is_refused_is_an_answer_all_the_same() {
    let mut chat = in_room();
    chat.woke(at(1_000));
    chat.receive(problem(ErrorCode::TooFast, Some(at(4_000))), at(1_100));
    assert_eq!(chat.tick(at(60_000)).1, []);
    assert_eq!(chat.link, Link::Live);
}

#[test]
fn nothing_is_done_after_the_end_of_the_session() {
    let mut chat = in_room();
    assert_eq!(chat.signed_out(), [Effect::SignedOut]);
    assert_eq!(chat.closed(at(10), 0.5), []);
    assert_eq!(chat.woke(at(20)), []);
    assert_eq!(chat.tick(at(900_000)).1, []);
}

fn problem(error: ErrorCode, retry_at: Option<Timestamp>) -> ServerFrame {
    ServerFrame::Problem {
        error,
        message: "Not now.".into(),
        reference: None,
        id: None,
        field: None,
        retry_at,
    }
}

#[test]
fn a_socket_that_lost_its_network_is_given_up_within_two_seconds() {
    let mut chat = in_room();
    assert!(!frames(chat.went_offline(at(10_000))).is_empty());
    assert!(!chat.tick(at(11_000)).0);
    assert_eq!(chat.link, Link::Live);
    chat.tick(at(12_000));
    assert_eq!(chat.link, Link::Opening(at(12_000)));
}

#[test]
fn a_message_of_another_process_is_taken_over_once() {
    let mut chat = in_room();
    let unsent = Unsent {
        room: "r".into(),
        id: "x".into(),
        content: Text {
            text: "hi".into(),
            ..Text::default()
        },
        at: at(1),
    };
    assert_eq!(frames(chat.restore(vec![unsent.clone()], at(2))).len(), 1);
    assert!(chat.restore(vec![unsent.clone()], at(3)).is_empty());
    assert_eq!(chat.unsent(), [unsent]);
}

#[test]
fn pending_messages_are_returned_on_removal() {
    let mut chat = in_room();
    chat.send("r", "x".into(), "hi", at(1)).expect("a text");
    let left = ServerFrame::Left {
        reference: None,
        room: "r".into(),
    };
    chat.receive(left, at(2));
    assert_eq!(chat.current, None);
    let departed = chat.take_departed();
    assert_eq!(departed.len(), 1);
    assert_eq!(departed[0].unsent[0].content.text, "hi");
    assert!(chat.take_departed().is_empty());
}

#[test]
fn a_read_mark_moves_forward_only_and_only_as_far_as_was_seen() {
    let mut chat = in_room();
    assert!(chat.read_up_to("r", 2));
    assert_eq!(chat.unread(), 1);
    assert!(!chat.read_up_to("r", 1));
    assert!(chat.read_up_to("r", 99));
    assert_eq!(chat.unread(), 0);
}
