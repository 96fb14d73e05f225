//! A sans-IO chat client. It performs no I/O and reads no clock or randomness: the
//! caller feeds events into a [`Chat`] and carries out the returned [`Effect`]s.
//! The page, bots and tests share it, and a test runs an hour of broken
//! connections in a millisecond.
//!
//! It guarantees, with the service, that no message is lost, duplicated or out of
//! order (`docs/protocol.md`):
//!
//! - a closed or unresponsive socket is replaced, with exponential backoff and
//!   jitter;
//! - a message is sent under one id until it is acknowledged, and the next message
//!   of the room waits for that;
//! - missed messages are requested by cursor, with `hello`, `ping` and the history,
//!   until nothing is missing; duplicates and early messages are sorted in;
//! - so are missed edits, deletions, reactions and pins, each of which is applied
//!   once and in the order of the service;
//! - presence leases are renewed, and those of others expire.
//!
//! # Events
//!
//! | event | call |
//! | --- | --- |
//! | the user signed in | [`Chat::of`], then [`Chat::connect`] |
//! | a socket opened | [`Chat::opened`] |
//! | a text frame arrived | [`Chat::receive_text`] |
//! | the socket closed, or did not open | [`Chat::closed`] |
//! | a request succeeded or failed | [`Chat::fetched`], [`Chat::fetch_failed`] |
//! | about a second passed | [`Chat::tick`] |
//! | the machine woke up, or is online again | [`Chat::woke`] |
//!
//! Each returns effects, to be carried out in order: open a socket, send a frame,
//! fetch a path. Requests and sockets use the session's access token, which this
//! crate does not handle.
//!
//! `examples/bot.rs` is a bot that answers `ping` with `pong`, and a reaction with the
//! same one.

#![warn(missing_docs)]

mod chat;
mod effect;
mod link;
mod log;
mod pending;
mod presence;
mod room;
mod typing;

pub use chat::{Chat, Departed};
pub use domain::{Timestamp, ValidationError};
pub use effect::{Effect, Fetch, Fetched, encode};
pub use link::{Link, back_off};
pub use log::Log;
pub use pending::{Content, Delivery, Edit, Outgoing, Pending, Text, Unsent};
pub use presence::Presence;
pub use protocol;
pub use room::Room;
pub use typing::Typing;

#[cfg(test)]
mod samples;
