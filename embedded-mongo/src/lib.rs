//! A MongoDB in this process, for machines that have none.
//!
//! It speaks MongoDB's wire protocol to the official drivers: what it does, it
//! does as MongoDB does, and everything else it refuses by name. `README.md` says
//! what is supported. Documents are held in memory, and kept in a file if so
//! wanted: an acknowledged write survives a crash.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! let server = embedded_mongo::Server::start(embedded_mongo::Options::default())?;
//! println!("connect to {}", server.uri());
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

mod arguments;
mod commands;
mod connection;
mod error;
mod expression;
mod pipeline;
mod projection;
mod query;
mod server;
mod session;
mod sort;
mod storage;
mod ttl;
mod update;
mod value;
pub mod wire;

pub use server::{Options, Server, Storage};
