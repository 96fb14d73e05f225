//! Requests for notifications, processed by the function `push-consumer`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub const QUEUE: &str = "push";
/// Where a request waits before it is delivered, so that members who read the message
/// meanwhile are not notified.
pub const WAIT_QUEUE: &str = "push.wait";

/// Requests that no consumer takes for this long are dropped.
pub const LIFETIME: Duration = Duration::from_hours(1);

/// A message that members of a room may have to be notified of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    pub room: String,
    pub seq: i64,
    /// The device whose push service asked to wait; without it, all devices of the
    /// room's members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    pub device: String,
    /// Failures so far.
    pub attempt: u32,
}
