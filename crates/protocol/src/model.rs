//! The things that people see: users, rooms, messages.

use crate::time::Timestamp;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer, Serialize};

/// A person as others see them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Opaque id.
    pub id: String,
    /// The name they chose.
    pub name: String,
}

/// A person as they see themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// Opaque id.
    pub id: String,
    /// The name they chose.
    pub name: String,
    /// The address that they confirmed.
    pub email: String,
}

/// Whether a room has a name and many members, or is a talk of two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomKind {
    /// Anyone in it may bring in others.
    Group,
    /// The one room of a pair.
    Direct,
    /// A kind of a later version of the service. Only [`Room`] has it: a request with an unknown
    /// kind is rejected.
    #[default]
    #[serde(skip)]
    Unknown,
}

/// Reads the kind of a room, which may be one of a later version.
fn kind_or_unknown<'de, D: Deserializer<'de>>(from: D) -> Result<RoomKind, D::Error> {
    let kind = String::deserialize(from)?;
    let known: Result<_, serde::de::value::Error> =
        RoomKind::deserialize(kind.as_str().into_deserializer());
    Ok(known.unwrap_or(RoomKind::Unknown))
}

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May remove others.
    Owner,
    /// May delete messages of others and rename the room. Only requests have it: in a
    /// [`Member`] it is `member` with [`Member::moderator`].
    Moderator,
    /// May invite and leave.
    Member,
}

/// The messages of a room that notify one of its members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Every message.
    #[default]
    All,
    /// Those that mention the member or everybody.
    Mentions,
    /// No message.
    None,
}

/// One person's membership of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user: User,
    /// As what.
    pub role: Role,
    /// The last `seq` they have read.
    pub read_seq: i64,
    /// Whether a `member` is a moderator.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moderator: bool,
    /// Whether the name of another member looks the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confusable: bool,
}

/// A room as one of its members sees it; unread = `last_seq - read_seq`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Opaque id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Group or direct.
    #[serde(deserialize_with = "kind_or_unknown")]
    pub kind: RoomKind,
    /// The `seq` of its newest message, 0 in an empty room.
    pub last_seq: i64,
    /// The last `seq` that this member has read.
    pub read_seq: i64,
    /// The `rev` of its newest change, 0 in a room without changes.
    #[serde(default)]
    pub last_rev: i64,
    /// What a group is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Its newest message, absent in an empty room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastMessage>,
    /// When its newest message was stored, or the room was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// Its members, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
    /// Addresses with an invitation that was not accepted yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited: Option<Vec<String>>,
    /// The messages of which this member is notified.
    #[serde(default, skip_serializing_if = "crate::push::is_all")]
    pub notify: Notify,
    /// Ids of the members who are present, in rooms of at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<Vec<String>>,
}

/// The newest message of a room as a list of rooms shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMessage {
    /// Its place in the room.
    pub seq: i64,
    /// Its sender.
    pub from: User,
    /// The first 80 characters of its text.
    pub text: String,
    /// When it was stored.
    pub at: Timestamp,
}

/// One message of a room.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The room that it was sent to.
    pub room: String,
    /// Its place in the room, from 1 without gaps.
    pub seq: i64,
    /// The id that its sender's client made.
    pub id: String,
    /// The sender.
    pub from: User,
    /// The text, empty once it is deleted.
    pub text: String,
    /// When it was stored.
    pub at: Timestamp,
    /// The newest change that it contains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<i64>,
    /// When it was last edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// How often it was edited.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub edits: u32,
    /// Its deletion, which is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Deletion>,
    /// Its reactions, one entry for each emoji, in the order of their first use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// Whether it is pinned in its room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Quote>,
    /// The ids of the mentioned users; [`EVERYBODY`] stands for all members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
}

/// The mention of all members of a room, which only its owner may use.
pub const EVERYBODY: &str = "@room";

/// When and by whom a message was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// When it was deleted.
    pub at: Timestamp,
    /// The sender, or a moderator.
    pub by: User,
}

/// The reactions to a message with one emoji.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// How many users reacted with it.
    pub count: u32,
    /// The ids of the first of them, at most 20.
    pub by: Vec<String>,
    /// Whether the receiver is one of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mine: bool,
}

/// A message as a reply shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Its place in the room.
    pub seq: i64,
    /// Its sender.
    pub from: User,
    /// The first 80 characters of its text, empty once it is deleted.
    pub text: String,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}
