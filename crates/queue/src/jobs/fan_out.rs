//! A part of a large room's fan-out, on its way to the function that does it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The queue that chunks are published to.
pub const QUEUE: &str = "fanout";

/// How long a chunk is worth anything: by then whoever did not hear the message
/// has sent a `ping`, and knows of it.
pub const CHUNK_LIFETIME: Duration = Duration::from_mins(5);

/// Some of the sockets that are to hear a message. What it says stays in the
/// database, and who may hear it is asked there once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    /// Where it was said.
    pub room: String,
    /// Which message it is.
    pub seq: i64,
    /// The ids of their connections.
    pub sockets: Vec<String>,
}
