//! Frames of the WebSocket, JSON texts of at most 32 KB.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::error::ErrorCode;
use crate::model::{Message, Room, User};
use crate::time::Timestamp;

/// The subprotocol that the server selects.
pub const PROTOCOL: &str = "chat.v1";

/// What the token is prefixed with in the list of offered subprotocols.
pub const TOKEN_PREFIX: &str = "token.";

/// The names of all actions, in the order of [`ClientFrame`].
pub const ACTIONS: [&str; 11] = [
    "hello", "join", "leave", "message", "edit", "delete", "react", "pin", "typing", "read", "ping",
];

/// The last `seq`, or the last `rev`, that a client has, by room id.
pub type Cursors = BTreeMap<String, i64>;

/// A frame from a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// Subscribe to all rooms, and replay after the cursors.
    Hello {
        /// The client's cursors.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rooms: Option<Cursors>,
        /// The client's cursors of changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revs: Option<Cursors>,
        /// The names of the events of later versions that the client handles.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        understands: Vec<String>,
    },
    /// Subscribe this socket to a room.
    Join {
        /// Repeated in the response.
        #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// The room's id.
        room: String,
    },
    /// Unsubscribe this socket from a room.
    Leave {
        /// Repeated in the response.
        #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// The room's id.
        room: String,
    },
    /// Send a message; the same `id` any number of times creates one message.
    Message {
        /// Made by the client, unique per sender and room.
        id: String,
        /// The room's id.
        room: String,
        /// The text.
        text: String,
        /// The message that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<i64>,
        /// The ids of the mentioned users, or [`crate::model::EVERYBODY`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<String>,
    },
    /// Replace the text of an own message; the same `id` makes one change.
    Edit {
        /// Made by the client, unique per user and room among changes.
        id: String,
        /// The room's id.
        room: String,
        /// The message.
        seq: i64,
        /// The new text.
        text: String,
    },
    /// Delete an own message, or as a moderator any.
    Delete {
        /// Made by the client, unique per user and room among changes.
        id: String,
        /// The room's id.
        room: String,
        /// The message.
        seq: i64,
    },
    /// Add or remove a reaction.
    React {
        /// Made by the client, unique per user and room among changes.
        id: String,
        /// The room's id.
        room: String,
        /// The message.
        seq: i64,
        /// The emoji.
        emoji: String,
        /// Whether to add it.
        on: bool,
    },
    /// Pin or unpin a message.
    Pin {
        /// Made by the client, unique per user and room among changes.
        id: String,
        /// The room's id.
        room: String,
        /// The message.
        seq: i64,
        /// Whether to pin it.
        on: bool,
    },
    /// The user is typing.
    Typing {
        /// The room's id.
        room: String,
    },
    /// Move the read mark.
    Read {
        /// The room's id.
        room: String,
        /// The `seq` of the last message read.
        seq: i64,
    },
    /// Renew the presence lease, and replay after the cursors.
    Ping {
        /// The client's cursors.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rooms: Option<Cursors>,
        /// The client's cursors of changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revs: Option<Cursors>,
    },
}

/// The messages after each cursor, oldest first.
pub type Missed = BTreeMap<String, Vec<Message>>;

/// The changes after each cursor, oldest first.
pub type Changes = BTreeMap<String, Vec<Change>>;

/// A frame from the service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The answer to `hello`.
    Welcome {
        /// The user of the socket.
        user: User,
        /// The rooms of the user.
        rooms: Vec<Room>,
        /// The messages after each cursor.
        missed: Missed,
        /// Rooms with more messages after the cursor than fit here.
        more: Vec<String>,
        /// Whether not all rooms fit; the rest is at `/api/rooms`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        more_rooms: bool,
        /// The changes after each cursor of `revs`.
        #[serde(default, skip_serializing_if = "Changes::is_empty")]
        changes: Changes,
        /// Rooms with more changes after the cursor than fit here, whose loaded
        /// messages have to be fetched again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stale: Vec<String>,
    },
    /// The answer to `join`.
    Joined {
        /// The `ref` of the request.
        #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// The room's id.
        room: String,
        /// The `seq` of its newest message.
        last_seq: i64,
    },
    /// The answer to `leave`, or: you are no longer a member.
    Left {
        /// The `ref` of the request, if there was one.
        #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// The room's id.
        room: String,
    },
    /// The message or the change is durable.
    Ack {
        /// The id that the client made.
        id: String,
        /// The room's id.
        room: String,
        /// The `seq` of the message.
        seq: i64,
        /// The `rev` of the change, 0 if it was in effect before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rev: Option<i64>,
        /// When it was stored.
        at: Timestamp,
    },
    /// A message of another socket.
    Message(Message),
    /// A change of another socket, or of the service.
    Change(Change),
    /// A user is typing; expires after 6 s.
    Typing {
        /// The room's id.
        room: String,
        /// The user.
        user: User,
    },
    /// A user has read up to `seq`.
    Read {
        /// The room's id.
        room: String,
        /// The user.
        user: User,
        /// The `seq` of the last message read.
        seq: i64,
    },
    /// The answer to `ping`.
    Pong {
        /// The server's time.
        at: Timestamp,
        /// The messages after each cursor.
        missed: Missed,
        /// Rooms with more messages after the cursor than fit here.
        more: Vec<String>,
        /// The user's read marks that moved recently, by room.
        #[serde(default, skip_serializing_if = "Cursors::is_empty")]
        reads: Cursors,
        /// The changes after each cursor of `revs`.
        #[serde(default, skip_serializing_if = "Changes::is_empty")]
        changes: Changes,
        /// Rooms with more changes after the cursor than fit here, whose loaded
        /// messages have to be fetched again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stale: Vec<String>,
    },
    /// The user was added to a room.
    Added {
        /// The room.
        room: Room,
    },
    /// A user joined or left the room.
    Member {
        /// The room's id.
        room: String,
        /// The user.
        user: User,
        /// Whether the user joined.
        joined: bool,
    },
    /// A user went online or offline.
    Presence {
        /// The room's id.
        room: String,
        /// The user.
        user: User,
        /// Whether the user is online.
        online: bool,
        /// When the lease expires unless it is renewed.
        until: Timestamp,
    },
    /// A frame was refused; the socket stays open.
    Problem {
        /// The reason, for programs.
        error: ErrorCode,
        /// The reason, a sentence for a person.
        message: String,
        /// The `ref` of the request.
        #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// The id of the refused message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// With `invalid`: which field.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        /// With `too_fast`: when to try again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
    },
    /// An event of a later version of the service.
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChangeKind, RoomKind};

    #[test]
    fn a_client_frame_with_an_unknown_field_is_refused() {
        let with_extra = r#"{"action":"typing","room":"r","colour":"red"}"#;
        assert!(serde_json::from_str::<ClientFrame>(with_extra).is_err());
    }

    #[test]
    fn a_message_event_carries_the_message_fields_beside_the_event() {
        let frame = ServerFrame::Message(Message {
            room: "r".into(),
            seq: 3,
            id: "i".into(),
            from: User {
                id: "u".into(),
                name: "Ann".into(),
            },
            text: "hi".into(),
            at: Timestamp::from_millis(5),
            ..Message::default()
        });
        assert_eq!(
            serde_json::to_string(&frame).unwrap(),
            r#"{"event":"message","room":"r","seq":3,"id":"i","from":{"id":"u","name":"Ann"},"text":"hi","at":5}"#
        );
    }

    #[test]
    fn a_change_event_carries_the_fields_of_its_kind_beside_the_event() {
        let text = r#"{"event":"change","room":"r","rev":4,"seq":3,"by":{"id":"u","name":"Ann"},"at":5,"kind":"react","emoji":"👍","on":true}"#;
        let frame: ServerFrame = serde_json::from_str(text).unwrap();
        assert!(matches!(
            &frame,
            ServerFrame::Change(Change {
                kind: ChangeKind::React { on: true, .. },
                ..
            })
        ));
        assert_eq!(serde_json::to_string(&frame).unwrap(), text);
        let later = r#"{"event":"change","room":"r","rev":5,"by":{"id":"u","name":"Ann"},"at":5,"kind":"topic","topic":"x"}"#;
        assert!(matches!(
            serde_json::from_str(later).unwrap(),
            ServerFrame::Change(Change {
                kind: ChangeKind::Unknown,
                rev: 5,
                ..
            })
        ));
    }

    #[test]
    fn every_action_is_listed() {
        let error = serde_json::from_str::<ClientFrame>(r#"{"action":"dance"}"#).unwrap_err();
        let names = ACTIONS.map(|action| format!("`{action}`")).join(", ");
        let expected = format!("unknown variant `dance`, expected one of {names}");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }

    #[test]
    fn the_listed_actions_are_those_of_the_frames() {
        for action in ACTIONS {
            let error = serde_json::from_str::<ClientFrame>(&format!(r#"{{"action":"{action}"}}"#))
                .map(|_| ())
                .err()
                .map(|e| e.to_string())
                .unwrap_or_default();
            assert!(!error.contains("unknown variant"), "{action}: {error}");
        }
    }

    #[test]
    fn events_of_later_versions_are_read_as_unknown() {
        let read = |text: &str| serde_json::from_str::<ServerFrame>(text).unwrap();
        let event = r#"{"event":"reaction","room":"r","emoji":"x"}"#;
        assert_eq!(read(event), ServerFrame::Unknown);
        let problem = r#"{"event":"problem","error":"on_fire","message":"No.","level":3}"#;
        assert!(matches!(
            read(problem),
            ServerFrame::Problem {
                error: ErrorCode::Unknown,
                ..
            }
        ));
        let added = r#"{"event":"added","room":{"id":"r","name":"News","kind":"channel",
            "last_seq":0,"read_seq":0}}"#;
        assert!(matches!(
            read(added),
            ServerFrame::Added { room } if room.kind == RoomKind::Unknown
        ));
    }
}
