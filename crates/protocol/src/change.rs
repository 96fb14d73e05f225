//! Changes of messages and rooms.

use serde::{Deserialize, Serialize};

use crate::model::User;
use crate::time::Timestamp;

/// The name of the events that a socket receives only if its `hello` understands them.
pub const CHANGES: &str = "changes";

/// One change of a room's second log, which is counted by `rev`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The room.
    pub room: String,
    /// Its place among the changes of the room, from 1 without gaps.
    pub rev: i64,
    /// The message that it changes; absent where it changes the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// The user who made it.
    pub by: User,
    /// When it was stored.
    pub at: Timestamp,
    /// What it changes.
    #[serde(flatten)]
    pub kind: ChangeKind,
}

/// What became of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberAct {
    /// The user was added or accepted an invitation.
    Joined,
    /// The user left.
    Left,
    /// Another user removed them.
    Removed,
    /// The user owns the room now.
    Owner,
    /// The user is a moderator now.
    Moderator,
    /// The user is an ordinary member again.
    Member,
    /// An act of a later version.
    #[serde(other)]
    Unknown,
}

/// What a change changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChangeKind {
    /// The text of a message.
    Edit {
        /// The new text, empty if the message was deleted since.
        #[serde(default)]
        text: String,
    },
    /// A message is deleted.
    Delete,
    /// A reaction is added or removed.
    React {
        /// The emoji.
        emoji: String,
        /// Whether it is added.
        on: bool,
    },
    /// A message is pinned or unpinned.
    Pin {
        /// Whether it is pinned.
        on: bool,
    },
    /// The name or the topic of a group; written by the service.
    Room {
        /// The new name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The new topic, empty if it was removed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<String>,
    },
    /// A membership of a group; written by the service.
    Member {
        /// The member.
        user: User,
        /// What became of the membership.
        act: MemberAct,
    },
    /// A kind of a later version, which clients count and ignore.
    #[serde(other)]
    Unknown,
}
