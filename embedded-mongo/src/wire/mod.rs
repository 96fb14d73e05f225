//! The MongoDB wire protocol.
//!
//! Every message is validated completely before it is processed.

mod message;
mod validate;

pub use message::{Header, MessageError, Request, parse};
pub(crate) use message::{crc32c, encode};
pub(crate) use validate::{MAX_DEPTH, document as check_document};

/// Maximum size of a message in bytes.
pub const MAX_MESSAGE_BYTES: usize = 48_000_000;
