//! What travels between a client and the service: the shapes of
//! `docs/protocol.md`, and nothing else. It needs only serde, so that the page
//! and the functions share one definition.
//!
//! What a client sends refuses unknown fields; what it receives ignores them.
//! Times are Unix milliseconds ([`Timestamp`]), ids are opaque strings of at most 64 characters.

#![warn(missing_docs)]

pub mod change;
pub mod error;
pub mod factors;
pub mod frame;
pub mod http;
pub mod model;
pub mod push;
pub mod time;

pub use change::{Change, ChangeKind, MemberAct};
pub use error::{ErrorBody, ErrorCode};
pub use frame::{ClientFrame, ServerFrame};
pub use model::{
    Deletion, LastMessage, Member, Message, Notify, Quote, Reaction, Role, Room, RoomKind, User,
};
pub use time::Timestamp;
