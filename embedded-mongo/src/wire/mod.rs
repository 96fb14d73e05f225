//! MongoDB's wire protocol: messages as bytes.
//!
//! Everything that a client sends passes through here and is checked to the last
//! byte before anything else looks at it.

mod checksum;
mod message;
mod reply;
mod validate;

pub use message::{Header, Malformed, Request, parse};
pub(crate) use reply::encode;
pub(crate) use validate::{MAX_DEPTH, document as check_document};

/// The largest message, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 48_000_000;
