//! The adapter between AWS Lambda and the functions: it decodes HTTP, WebSocket
//! and queue events, encodes responses, reads the configuration and sets up
//! logging. A function supplies a `start` that connects its clients and a
//! `handle` that answers one event.

mod client_ip;
mod csrf;
pub mod deployment;
mod environment;
pub mod http;
mod invocation;
mod json;
mod line;
mod log;
pub mod queue;
mod status;
pub mod websocket;

pub use client_ip::ClientIps;
pub use csrf::SiteOrigin;
pub use domain::ApiError;
pub use environment::{now, variables};
pub use lambda_runtime::Error;

/// The result of a handler. An error is answered with its status and body.
pub type Result<T, E = ApiError> = std::result::Result<T, E>;

// A fan-out to a thousand sockets allocates ten thousand times. Fuzzers need the
// standard allocator, through which they measure memory.
#[cfg(not(fuzzing))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
