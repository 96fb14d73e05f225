//! API Gateway's quotas for WebSocket APIs, and those of them that a test may shorten.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The greatest payload of one frame, in bytes, either way.
pub const FRAME_BYTES: usize = 32 * 1024;

/// The greatest payload of one message, in bytes, either way.
pub const MESSAGE_BYTES: usize = 128 * 1024;

/// The longest URL of a handshake.
pub const URL_BYTES: usize = 4096;

/// New connections per second, account and region.
pub const CONNECTIONS_PER_SECOND: u32 = 500;

/// How many connections may come at once.
pub const CONNECTIONS_BURST: u32 = 500;

/// Requests per second, account and region: frames and `@connections` calls.
pub const REQUESTS_PER_SECOND: u32 = 10_000;

/// How many requests may come at once.
pub const REQUESTS_BURST: u32 = 5_000;

/// Frames of one connection that are handled at once; the next one is read when
/// one of them is done. AWS publishes no figure: here it keeps a client that
/// floods from holding every process of a function.
pub const FRAMES_AT_ONCE: usize = 32;

/// Bytes that wait for one client before `@connections` answers 429. AWS does
/// not publish its own figure.
pub const SEND_BUFFER_BYTES: usize = 1024 * 1024;

/// Messages that wait for one client before `@connections` answers 429.
pub const SEND_BUFFER_MESSAGES: usize = 1024;

/// How long connections live. In milliseconds, so that they can change at run time.
pub struct Limits {
    idle: AtomicU64,
    age: AtomicU64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: AtomicU64::new(10 * 60 * 1000),
            age: AtomicU64::new(2 * 60 * 60 * 1000),
        }
    }
}

impl Limits {
    /// How long a connection may carry no message.
    pub fn idle(&self) -> Duration {
        Duration::from_millis(self.idle.load(Ordering::Relaxed))
    }

    /// How long a connection may be open.
    pub fn age(&self) -> Duration {
        Duration::from_millis(self.age.load(Ordering::Relaxed))
    }

    /// Gives connections that open from now on another idle limit.
    pub fn set_idle(&self, idle_ms: u64) {
        self.idle.store(idle_ms, Ordering::Relaxed);
    }

    /// Gives connections that open from now on another greatest age.
    pub fn set_age(&self, age_ms: u64) {
        self.age.store(age_ms, Ordering::Relaxed);
    }
}
