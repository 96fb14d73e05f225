//! Both ways are what serde makes of the same shapes.

use std::collections::BTreeMap;

use chat_client::{Edit, Text, Unsent};
use proptest::prelude::*;
use protocol::factors::{Factors, Passkey, StepUp};
use protocol::http::{ChangePage, CreateRoom, Page, Register, UpdateMember, UpdateRoom};
use protocol::{
    Change, ChangeKind, ClientFrame, Deletion, ErrorBody, ErrorCode, Member, MemberAct, Message,
    Notify, Quote, Reaction, Role, Room, RoomKind, ServerFrame, Timestamp, User,
};

use super::{Json, Read, parse, text};

fn user() -> User {
    User {
        id: "u".into(),
        name: "Ann \"☕\"".into(),
    }
}

fn message() -> Message {
    Message {
        room: "r".into(),
        seq: 3,
        id: "i".into(),
        from: user(),
        text: "one\ntwo \u{7} \\ </script>".into(),
        at: Timestamp::from_millis(1_790_000_000_000),
        ..Message::default()
    }
}

/// A message with every optional field.
fn changed_message() -> Message {
    Message {
        rev: Some(7),
        edited_at: Some(Timestamp::from_millis(3)),
        edits: 2,
        deleted: Some(Deletion {
            at: Timestamp::from_millis(4),
            by: user(),
        }),
        reactions: vec![Reaction {
            emoji: "👍".into(),
            count: 2,
            by: vec!["u".into()],
            mine: true,
        }],
        pinned: true,
        reply_to: Some(quote()),
        mentions: vec!["u".into()],
        ..message()
    }
}

fn quote() -> Quote {
    Quote {
        seq: 1,
        from: user(),
        text: "before".into(),
    }
}

fn change(kind: ChangeKind) -> Change {
    Change {
        room: "r".into(),
        rev: 3,
        seq: Some(2),
        by: user(),
        at: Timestamp::from_millis(6),
        kind,
    }
}

fn changes() -> Vec<Change> {
    let kinds = [
        ChangeKind::Edit { text: "new".into() },
        ChangeKind::Delete,
        ChangeKind::React {
            emoji: "👍".into(),
            on: true,
        },
        ChangeKind::Pin { on: false },
        ChangeKind::Room {
            name: Some("Tea".into()),
            topic: None,
        },
        ChangeKind::Member {
            user: user(),
            act: MemberAct::Joined,
        },
    ];
    kinds.into_iter().map(change).collect()
}

#[test]
fn a_change_is_read_as_serde_writes_it() {
    for change in changes() {
        let frame = ServerFrame::Change(change);
        let written = serde_json::to_string(&frame).expect("JSON");
        assert_eq!(parse::<ServerFrame>(&written), Some(frame), "{written}");
    }
    let later =
        r#"{"event":"change","room":"r","rev":1,"kind":"x","by":{"id":"u","name":"A"},"at":1}"#;
    let read = parse::<ServerFrame>(later);
    assert!(matches!(
        read,
        Some(ServerFrame::Change(Change {
            kind: ChangeKind::Unknown,
            seq: None,
            ..
        }))
    ));
}

#[test]
fn unsent_messages_and_changes_are_read_as_they_were_written() {
    let kinds = [
        ChangeKind::Edit {
            text: "two \"☕\"".into(),
        },
        ChangeKind::Delete,
        ChangeKind::React {
            emoji: "👍".into(),
            on: false,
        },
        ChangeKind::Pin { on: true },
    ];
    let at = Timestamp::from_millis(5);
    for kind in kinds {
        let unsent = Unsent {
            room: "r".to_owned(),
            id: "i".to_owned(),
            content: Edit { seq: 3, kind },
            at,
        };
        assert_eq!(parse(&text(&unsent)), Some(unsent));
    }
    let unsent: Unsent = Unsent {
        room: "r".to_owned(),
        id: "i".to_owned(),
        content: Text {
            text: "hi".to_owned(),
            reply_to: Some(quote()),
            mentions: vec!["u".to_owned()],
        },
        at,
    };
    assert_eq!(parse(&text(&unsent)), Some(unsent));
}

fn room() -> Room {
    Room {
        id: "r".into(),
        name: "Tea".into(),
        kind: RoomKind::Group,
        last_seq: 3,
        read_seq: 1,
        last_rev: 7,
        topic: Some("Leaves".into()),
        last: None,
        last_at: None,
        members: Some(vec![Member {
            user: user(),
            role: Role::Owner,
            read_seq: 3,
            moderator: true,
            confusable: true,
        }]),
        invited: Some(vec!["bob@example.com".into()]),
        notify: Notify::Mentions,
        online: None,
    }
}

fn server_frames() -> Vec<ServerFrame> {
    let room_id = || "r".to_owned();
    vec![
        ServerFrame::Welcome {
            user: user(),
            rooms: vec![room()],
            missed: BTreeMap::from([(room_id(), vec![message()])]),
            more: vec![room_id()],
            more_rooms: true,
            changes: BTreeMap::from([(room_id(), changes())]),
            stale: vec![room_id()],
        },
        ServerFrame::Welcome {
            user: user(),
            rooms: Vec::new(),
            missed: BTreeMap::new(),
            more: Vec::new(),
            more_rooms: false,
            changes: BTreeMap::new(),
            stale: Vec::new(),
        },
        ServerFrame::Joined {
            reference: Some("1".into()),
            room: room_id(),
            last_seq: 3,
        },
        ServerFrame::Left {
            reference: None,
            room: room_id(),
        },
        ServerFrame::Ack {
            id: "i".into(),
            room: room_id(),
            seq: 4,
            rev: Some(8),
            at: Timestamp::from_millis(5),
        },
        ServerFrame::Message(message()),
        ServerFrame::Message(changed_message()),
        ServerFrame::Typing {
            room: room_id(),
            user: user(),
        },
        ServerFrame::Read {
            room: room_id(),
            user: user(),
            seq: 2,
        },
        ServerFrame::Pong {
            at: Timestamp::from_millis(9),
            missed: BTreeMap::new(),
            more: Vec::new(),
            reads: BTreeMap::from([(room_id(), 4)]),
            changes: BTreeMap::from([(room_id(), changes())]),
            stale: vec![room_id()],
        },
        ServerFrame::Added { room: room() },
        ServerFrame::Member {
            room: room_id(),
            user: user(),
            joined: false,
        },
        ServerFrame::Presence {
            room: room_id(),
            user: user(),
            online: true,
            until: Timestamp::from_millis(7),
        },
        ServerFrame::Problem {
            error: ErrorCode::TooFast,
            message: "Slowly.".into(),
            reference: Some("1".into()),
            id: None,
            field: Some("text".into()),
            retry_at: Some(Timestamp::from_millis(8)),
        },
    ]
}

#[test]
fn every_frame_of_the_service_is_read_as_serde_writes_it() {
    for frame in server_frames() {
        let written = serde_json::to_string(&frame).expect("JSON");
        assert_eq!(parse::<ServerFrame>(&written), Some(frame), "{written}");
    }
}

#[test]
fn every_word_of_a_refusal_is_known() {
    for word in [
        ErrorCode::Invalid,
        ErrorCode::TooFast,
        ErrorCode::WrongCredentials,
        ErrorCode::WrongCode,
        ErrorCode::Expired,
        ErrorCode::SignedOut,
        ErrorCode::Forbidden,
        ErrorCode::UnknownRoom,
        ErrorCode::NotFound,
        ErrorCode::UnknownAction,
        ErrorCode::TooLarge,
        ErrorCode::TryAgain,
        ErrorCode::Internal,
    ] {
        let refusal = ErrorBody {
            error: word,
            message: "No.".into(),
            field: Some("code".into()),
            attempts_left: Some(4),
            retry_at: None,
        };
        let written = serde_json::to_string(&refusal).expect("JSON");
        assert_eq!(parse::<ErrorBody>(&written), Some(refusal));
    }
}

#[test]
fn unknown_fields_and_events_are_read_as_serde_reads_them() {
    for written in [
        r#"{"event":"weather","room":"r"}"#,
        r#"{"event":"problem","error":"on_fire","message":"No."}"#,
        r#"{"event":"added","room":{"id":"n","name":"News","kind":"channel","last_seq":0,"read_seq":0}}"#,
    ] {
        let expected: ServerFrame = serde_json::from_str(written).expect("it is readable");
        assert_eq!(parse::<ServerFrame>(written), Some(expected), "{written}");
    }
}

#[test]
fn another_shape_is_rejected() {
    for written in [
        "",
        "[]",
        "{}",
        r#"{"message":"Forbidden"}"#,
        r#"{"event":"ack","id":1,"room":"r","seq":1,"at":1}"#,
    ] {
        assert_eq!(parse::<ServerFrame>(written), None, "{written}");
    }
    let page = r#"{"messages":[],"first_seq":null,"last_seq":null,"news":1}"#;
    assert!(parse::<Page>(page).is_some_and(|page| page.first_seq.is_none()));
}

#[test]
fn answers_about_factors_are_read_as_serde_writes_them() {
    let factors = Factors {
        totp_since: Some(Timestamp::from_millis(1)),
        recovery_codes_left: 10,
        passkeys: vec![Passkey {
            id: "p".into(),
            name: "Phone".into(),
            created_at: Timestamp::from_millis(2),
            used_at: None,
        }],
        password_is_short: true,
        fresh_until: None,
    };
    let written = serde_json::to_string(&factors).expect("JSON");
    let read: Factors = parse(&written).expect("the same shape");
    assert_eq!(serde_json::to_string(&read).expect("JSON"), written);
}

/// What is written, and serde then reads.
fn both_ways<T: super::Write + serde::de::DeserializeOwned>(shape: &T) -> T {
    let written = text(shape);
    serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"))
}

#[test]
fn every_frame_of_the_page_is_written_as_serde_reads_it() {
    let rooms = Some(BTreeMap::from([("r".to_owned(), 3), ("s".to_owned(), 0)]));
    let room = || "r".to_owned();
    let reference = Some("1".to_owned());
    for frame in [
        ClientFrame::Hello {
            rooms: None,
            revs: None,
            understands: Vec::new(),
        },
        ClientFrame::Hello {
            rooms: rooms.clone(),
            revs: rooms.clone(),
            understands: vec!["changes".into()],
        },
        ClientFrame::Join {
            reference: reference.clone(),
            room: room(),
        },
        ClientFrame::Leave {
            reference,
            room: room(),
        },
        ClientFrame::Message {
            id: "i".into(),
            room: room(),
            text: "a \"b\"\n".into(),
            reply_to: None,
            mentions: Vec::new(),
        },
        ClientFrame::Message {
            id: "i".into(),
            room: room(),
            text: "a".into(),
            reply_to: Some(4),
            mentions: vec!["u".into()],
        },
        ClientFrame::Edit {
            id: "i".into(),
            room: room(),
            seq: 4,
            text: "b".into(),
        },
        ClientFrame::Delete {
            id: "i".into(),
            room: room(),
            seq: 4,
        },
        ClientFrame::React {
            id: "i".into(),
            room: room(),
            seq: 4,
            emoji: "👍".into(),
            on: true,
        },
        ClientFrame::Pin {
            id: "i".into(),
            room: room(),
            seq: 4,
            on: false,
        },
        ClientFrame::Typing { room: room() },
        ClientFrame::Read {
            room: room(),
            seq: 9,
        },
        ClientFrame::Ping {
            revs: rooms.clone(),
            rooms,
        },
    ] {
        assert_eq!(both_ways(&frame), frame);
    }
}

#[test]
fn bodies_are_written_as_serde_reads_them() {
    let body = both_ways(&CreateRoom {
        name: "Tea".into(),
        kind: RoomKind::Direct,
        members: vec!["a@example.com".into(), "b@example.com".into()],
        id: Some("c1".into()),
    });
    assert_eq!((body.kind, body.members.len()), (RoomKind::Direct, 2));
    assert_eq!(body.id.as_deref(), Some("c1"));
    let renamed = both_ways(&UpdateRoom {
        name: Some("Coffee".into()),
        topic: None,
        ..UpdateRoom::default()
    });
    let muted = both_ways(&UpdateRoom {
        notify: Some(Notify::Mentions),
        ..UpdateRoom::default()
    });
    assert_eq!((muted.name, muted.notify), (None, Some(Notify::Mentions)));
    assert_eq!(
        (renamed.name.as_deref(), renamed.topic),
        (Some("Coffee"), None)
    );
    for role in [Role::Owner, Role::Moderator, Role::Member] {
        assert_eq!(both_ways(&UpdateMember { role }).role, role);
    }
    let with_code = both_ways(&StepUp {
        password: "p".into(),
        code: Some("123456".into()),
    });
    assert_eq!(with_code.code.as_deref(), Some("123456"));
    let without = both_ways(&StepUp {
        password: "p".into(),
        code: None,
    });
    assert_eq!(without.code, None);
}

#[test]
fn a_page_of_changes_is_read_as_serde_writes_it() {
    let page = ChangePage {
        changes: changes(),
        last_rev: 9,
    };
    let written = serde_json::to_string(&page).expect("JSON");
    let read: ChangePage = parse(&written).expect("a page");
    assert_eq!((read.changes, read.last_rev), (page.changes, 9));
}

proptest! {
    #[test]
    fn any_text_is_written_as_serde_reads_it(any in ".{0,40}", control in "[\\x00-\\x1f\"\\\\]{0,8}") {
        let body = Register {
            email: any.clone(),
            password: control.clone(),
            name: format!("{any}{control}"),
        };
        let parsed = Json::parse(&text(&body)).expect("JSON");
        let read = both_ways(&body);
        prop_assert_eq!(read.email, body.email);
        prop_assert_eq!(read.password, body.password);
        prop_assert_eq!(read.name, body.name);
        prop_assert_eq!(String::of_field(&parsed, "name"), Some(format!("{any}{control}")));
    }
}
