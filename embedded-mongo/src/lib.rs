//! An embedded server of the MongoDB wire protocol.
//!
//! Official MongoDB drivers connect to it as to a `mongod`. Supported features behave
//! as in MongoDB 8.0; everything else is rejected with MongoDB's error code and a
//! message that names the feature. `README.md` lists what is supported. Documents are
//! held in memory and optionally stored in a file; acknowledged writes then survive a
//! crash.
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
