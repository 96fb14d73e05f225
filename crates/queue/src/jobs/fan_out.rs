//! Chunks of a large room's fan-out, processed by the function `fan-out`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub const QUEUE: &str = "fanout";

/// By then a client that missed the message has received it in reply to a `ping`.
pub const CHUNK_LIFETIME: Duration = Duration::from_mins(5);

/// Sockets to post a message or a change to. It is read from the database, and the
/// subscriptions are checked there again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    pub room: String,
    pub seq: i64,
    /// The change to post; without it the message is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<i64>,
    pub sockets: Vec<String>,
}
