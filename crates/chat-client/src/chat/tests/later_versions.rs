//! What a later version of the service sends.

use super::*;

#[test]
fn unknown_events_and_rooms_change_nothing() {
    let mut chat = in_room();
    let before = chat.clone();
    let event = r#"{"event": "reaction", "room": "r", "emoji": "x"}"#;
    assert!(chat.receive_text(event, at(10)).is_empty());
    let added = r#"{"event": "added", "room": {"id": "n", "name": "News", "kind": "channel",
        "last_seq": 5, "read_seq": 0}}"#;
    assert!(chat.receive_text(added, at(20)).is_empty());
    assert_eq!(chat, before);
}

#[test]
fn an_unknown_event_does_not_repeat_a_message_that_awaits_its_ack() {
    let mut chat = in_room();
    assert_eq!(
        frames(
            chat.send("r", "m".into(), "hello", at(10))
                .expect("a member")
        )
        .len(),
        1
    );
    chat.receive_text(r#"{"event": "reaction", "room": "r"}"#, at(20));
    let again = frames(chat.tick(at(3_000)).1);
    let is_message = |frame: &ClientFrame| matches!(frame, ClientFrame::Message { .. });
    assert!(!again.iter().any(is_message), "{again:?}");
}

#[test]
fn a_message_that_is_refused_with_an_unknown_code_has_failed() {
    let mut chat = in_room();
    chat.send("r", "m".into(), "hello", at(10))
        .expect("a member");
    let problem = r#"{"event": "problem", "error": "on_fire", "message": "No.", "id": "m"}"#;
    chat.receive_text(problem, at(20));
    let delivery = chat.rooms["r"].pending.delivery("m");
    assert_eq!(delivery, crate::Delivery::Failed("No.".into()));
    for second in 1..60 {
        let sent = frames(chat.tick(at(second * 1_000)).1);
        let is_message = |frame: &ClientFrame| matches!(frame, ClientFrame::Message { .. });
        assert!(!sent.iter().any(is_message), "{sent:?}");
    }
}
