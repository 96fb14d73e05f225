//! Where AWS ends and our code begins: the environment, HTTP, WebSocket and
//! queue events, and the log. A function names its clients and its handler; the
//! rest of what Lambda asks for is here.

pub mod deployment;
mod environment;
pub mod http;
mod invocation;
mod line;
mod log;
pub mod queue;
mod read;
mod refusal;
mod viewer;
pub mod websocket;

pub use environment::{now, variables};
pub use lambda_runtime::Error;
pub use refusal::Refusal;
pub use viewer::Viewers;

/// What a function allocates comes and goes with each invocation, and one that
/// posts to a thousand sockets allocates ten thousand times.
///
/// A fuzzer watches the memory through the standard allocator.
#[cfg(not(fuzzing))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
