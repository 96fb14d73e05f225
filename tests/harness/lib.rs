//! Harness of the end-to-end tests: starts a stack on this machine and drives it
//! as independent clients do, over HTTP, WebSocket, AMQP and SMTP.
//!
//! It does not use the service's own types. Requests and expected responses are
//! written from `docs/protocol.md`, so that an error in a shared definition is
//! found too. The exception is [`people::Device`], which runs the client library
//! of the page.

pub mod attack;
pub mod browser;
pub mod guessing;
pub mod people;
pub mod price;
pub mod push_service;
pub mod routes;
pub mod samples;
pub mod schema;
pub mod soak;
pub mod stack;
pub mod suite;
pub mod timing;
pub mod wait;
