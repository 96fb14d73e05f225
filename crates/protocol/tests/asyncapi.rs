//! `docs/asyncapi.json` describes exactly the frames of this crate.

use std::collections::BTreeSet;
use std::path::Path;

use protocol::frame::{ACTIONS, ClientFrame, ServerFrame};
use protocol::{
    Change, ChangeKind, Deletion, ErrorCode, LastMessage, Member, MemberAct, Message, Notify,
    Quote, Reaction, Role, Room, RoomKind, Timestamp, User,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

fn document() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/asyncapi.json");
    let text = std::fs::read_to_string(path).expect("docs/asyncapi.json can be read");
    serde_json::from_str(&text).expect("docs/asyncapi.json is JSON")
}

fn user() -> User {
    User {
        id: "u1".into(),
        name: "Ann".into(),
    }
}

/// A message with all fields, or with the required ones.
fn message(full: bool) -> Message {
    let required = Message {
        room: "r1".into(),
        seq: 1,
        id: "m1".into(),
        from: user(),
        text: "hello".into(),
        at: Timestamp::from_millis(1),
        ..Message::default()
    };
    if !full {
        return required;
    }
    Message {
        rev: Some(1),
        edited_at: Some(Timestamp::from_millis(1)),
        edits: 1,
        deleted: Some(Deletion {
            at: Timestamp::from_millis(1),
            by: user(),
        }),
        reactions: vec![Reaction {
            emoji: "👍".into(),
            count: 1,
            by: vec!["u1".into()],
            mine: true,
        }],
        pinned: true,
        reply_to: Some(Quote {
            seq: 1,
            from: user(),
            text: "hello".into(),
        }),
        mentions: vec!["u1".into()],
        ..required
    }
}

/// A change of each kind.
fn changes(full: bool) -> Vec<Change> {
    let kinds = [
        ChangeKind::Edit {
            text: "hello".into(),
        },
        ChangeKind::Delete,
        ChangeKind::React {
            emoji: "👍".into(),
            on: true,
        },
        ChangeKind::Pin { on: true },
        ChangeKind::Room {
            name: full.then(|| "Tea".to_owned()),
            topic: full.then(|| "Leaves".to_owned()),
        },
        ChangeKind::Member {
            user: user(),
            act: MemberAct::Joined,
        },
    ];
    let change = |kind: ChangeKind| Change {
        room: "r1".into(),
        rev: 1,
        seq: match kind {
            ChangeKind::Room { .. } | ChangeKind::Member { .. } => None,
            _ => Some(1),
        },
        by: user(),
        at: Timestamp::from_millis(1),
        kind,
    };
    kinds.map(change).into()
}

/// A room with all fields, or with the required ones.
fn room(full: bool) -> Room {
    Room {
        id: "r1".into(),
        name: "Tea".into(),
        kind: RoomKind::Group,
        last_seq: 1,
        read_seq: 1,
        last_rev: 1,
        topic: full.then(|| "Leaves".to_owned()),
        last: full.then(|| LastMessage {
            seq: 1,
            from: user(),
            text: "hello".into(),
            at: Timestamp::from_millis(1),
        }),
        last_at: full.then_some(Timestamp::from_millis(1)),
        members: full.then(|| {
            vec![Member {
                user: user(),
                role: Role::Owner,
                read_seq: 1,
                moderator: true,
                confusable: true,
            }]
        }),
        invited: full.then(Vec::new),
        online: full.then(Vec::new),
        notify: match full {
            true => Notify::Mentions,
            false => Notify::All,
        },
    }
}

/// Every frame of the server, with all fields or with the required ones.
fn server_frames(full: bool) -> Vec<ServerFrame> {
    let text = |text: &str| full.then(|| text.to_owned());
    let room = || "r1".to_owned();
    let replayed = || full.then(|| (room(), changes(full))).into_iter().collect();
    let mut frames = vec![
        ServerFrame::Welcome {
            user: user(),
            rooms: vec![self::room(full)],
            missed: [(room(), vec![message(full)])].into(),
            more: vec![room()],
            more_rooms: full,
            changes: replayed(),
            stale: full.then(room).into_iter().collect(),
        },
        ServerFrame::Joined {
            reference: text("1"),
            room: room(),
            last_seq: 1,
        },
        ServerFrame::Left {
            reference: text("1"),
            room: room(),
        },
        ServerFrame::Ack {
            id: "m1".into(),
            room: room(),
            seq: 1,
            rev: full.then_some(1),
            at: Timestamp::from_millis(1),
        },
        ServerFrame::Message(message(full)),
        ServerFrame::Typing {
            room: room(),
            user: user(),
        },
        ServerFrame::Read {
            room: room(),
            user: user(),
            seq: 1,
        },
        ServerFrame::Pong {
            at: Timestamp::from_millis(1),
            missed: [(room(), vec![message(full)])].into(),
            more: vec![room()],
            reads: full.then(|| (room(), 1)).into_iter().collect(),
            changes: replayed(),
            stale: full.then(room).into_iter().collect(),
        },
        ServerFrame::Added {
            room: self::room(full),
        },
        ServerFrame::Member {
            room: room(),
            user: user(),
            joined: true,
        },
        ServerFrame::Presence {
            room: room(),
            user: user(),
            online: true,
            until: Timestamp::from_millis(1),
        },
        ServerFrame::Problem {
            error: ErrorCode::TooFast,
            message: "Please wait.".into(),
            reference: text("1"),
            id: text("m1"),
            field: text("text"),
            retry_at: full.then_some(Timestamp::from_millis(1)),
        },
    ];
    frames.extend(changes(full).into_iter().map(ServerFrame::Change));
    frames
}

fn client_frames(full: bool) -> Vec<ClientFrame> {
    let cursors = || full.then(|| [("r1".to_owned(), 1)].into());
    let reference = || full.then(|| "1".to_owned());
    let room = || "r1".to_owned();
    vec![
        ClientFrame::Hello {
            rooms: cursors(),
            revs: cursors(),
            understands: full.then(|| "changes".to_owned()).into_iter().collect(),
        },
        ClientFrame::Join {
            reference: reference(),
            room: room(),
        },
        ClientFrame::Leave {
            reference: reference(),
            room: room(),
        },
        ClientFrame::Message {
            id: "m1".into(),
            room: room(),
            text: "hello".into(),
            reply_to: full.then_some(1),
            mentions: full.then(|| "u1".to_owned()).into_iter().collect(),
        },
        ClientFrame::Typing { room: room() },
        ClientFrame::Read {
            room: room(),
            seq: 1,
        },
        ClientFrame::Edit {
            id: "c1".into(),
            room: room(),
            seq: 1,
            text: "hello".into(),
        },
        ClientFrame::Delete {
            id: "c1".into(),
            room: room(),
            seq: 1,
        },
        ClientFrame::React {
            id: "c1".into(),
            room: room(),
            seq: 1,
            emoji: "👍".into(),
            on: true,
        },
        ClientFrame::Pin {
            id: "c1".into(),
            room: room(),
            seq: 1,
            on: true,
        },
        ClientFrame::Ping {
            rooms: cursors(),
            revs: cursors(),
        },
    ]
}

#[test]
fn every_frame_is_described_and_no_other() {
    let document = document();
    let names = |side: &str| -> BTreeSet<String> {
        let messages = document["components"]["messages"].as_object();
        let keys = messages.into_iter().flat_map(Map::keys);
        keys.filter_map(|key| key.strip_prefix(side).map(str::to_owned))
            .collect()
    };
    assert_eq!(names("client."), ACTIONS.map(str::to_owned).into());
    let events = server_frames(true)
        .into_iter()
        .map(|frame| tag(&frame, "event"));
    assert_eq!(names("server."), events.collect());
}

#[test]
fn every_frame_satisfies_its_schema_and_uses_all_of_it() {
    let document = document();
    for full in [true, false] {
        for frame in client_frames(full) {
            check(&document, &frame, "action", "client.", full);
        }
        for frame in server_frames(full) {
            check(&document, &frame, "event", "server.", full);
        }
    }
}

#[test]
fn every_example_is_a_frame() {
    let document = document();
    let messages = document["components"]["messages"].as_object();
    for (name, message) in messages.into_iter().flatten() {
        let example = message["examples"][0]["payload"].clone();
        let read = match name.starts_with("client.") {
            true => serde_json::from_value::<ClientFrame>(example).map(|_| ()),
            false => serde_json::from_value::<ServerFrame>(example).map(|_| ()),
        };
        assert!(read.is_ok(), "{name}: {read:?}");
    }
}

#[test]
fn a_frame_that_differs_from_its_schema_is_recognised() {
    let schema = json!({
        "type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}
    });
    let differs = |value: Value| difference(&Value::Null, &schema, &value, true);
    assert_eq!(differs(json!({"a": "x"})), None);
    assert!(differs(json!({"a": 1})).is_some());
    assert!(differs(json!({})).is_some());
    assert!(differs(json!({"a": "x", "b": 1})).is_some());
}

fn tag(frame: &impl Serialize, name: &str) -> String {
    let value = serde_json::to_value(frame).expect("a frame is JSON");
    value[name].as_str().expect("a frame has a tag").to_owned()
}

fn check(document: &Value, frame: &impl Serialize, name: &str, side: &str, full: bool) {
    let value = serde_json::to_value(frame).expect("a frame is JSON");
    let key = format!("{side}{}", tag(frame, name));
    let schema = &document["components"]["messages"][&key]["payload"];
    assert_eq!(difference(document, schema, &value, full), None, "{key}");
}

/// Where `value` differs from `schema`. A full value has every property, another one only those
/// that are required.
fn difference(document: &Value, schema: &Value, value: &Value, full: bool) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        let schema = document.pointer(pointer)?;
        return difference(document, schema, value, full);
    }
    if let Some(variants) = schema["oneOf"].as_array() {
        let faults: Option<Vec<String>> = variants
            .iter()
            .map(|schema| difference(document, schema, value, full))
            .collect();
        return faults.map(|faults| faults.join("; "));
    }
    if let Some(constant) = schema.get("const") {
        return (constant != value).then(|| format!("{value} is not {constant}"));
    }
    if let Some(words) = schema["enum"].as_array() {
        return (!words.contains(value)).then(|| format!("{value} is not in {words:?}"));
    }
    match (schema["type"].as_str(), value) {
        (Some("string"), Value::String(_)) | (Some("boolean"), Value::Bool(_)) => None,
        (Some("integer"), Value::Number(number)) if number.is_i64() => None,
        (Some("array"), Value::Array(items)) => items
            .iter()
            .find_map(|item| difference(document, &schema["items"], item, full)),
        (Some("object"), Value::Object(fields)) if schema.get("properties").is_none() => {
            let schema = &schema["additionalProperties"];
            fields
                .values()
                .find_map(|field| difference(document, schema, field, full))
        }
        (Some("object"), Value::Object(fields)) => {
            let properties = schema["properties"].as_object()?;
            let required: BTreeSet<_> = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let expected: BTreeSet<_> = match full {
                true => properties.keys().map(String::as_str).collect(),
                false => required,
            };
            let actual: BTreeSet<_> = fields.keys().map(String::as_str).collect();
            if expected != actual {
                return Some(format!("{actual:?} is not {expected:?}"));
            }
            fields.iter().find_map(|(name, field)| {
                let fault = difference(document, &properties[name], field, full)?;
                Some(format!("{name}: {fault}"))
            })
        }
        (kind, value) => Some(format!("{value} is not {kind:?}")),
    }
}
