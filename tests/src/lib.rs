//! End to end: the stack as one machine runs it, and people who use it as
//! independent clients do, over HTTP, WebSocket, AMQP and mail. Nothing here
//! knows our own types: requests and answers are written from
//! `docs/protocol.md`, so that a fault in a shared definition is found too. The
//! one exception is [`people::Device`], which runs the client library of the page.

pub mod browser;
pub mod dice;
pub mod guessing;
pub mod harness;
pub mod people;
pub mod samples;
pub mod schema;
pub mod soak;
pub mod stack;
pub mod timing;
pub mod wait;
