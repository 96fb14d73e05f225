//! An embedded server of the MongoDB wire protocol.
//!
//! Official MongoDB drivers connect to it as to a `mongod`. Supported features behave
//! as in MongoDB 8.0; everything else is rejected with MongoDB's error code and a
//! message that names the feature. `README.md` lists what is supported. Documents are
//! held in memory and optionally stored in a file; acknowledged writes then survive a
//! crash.
//!
//! # In the tests of any project
//!
//! [`Server::start`] starts a server in memory within milliseconds. Each test can have
//! its own:
//!
//! ```
//! use mongodb::Client;
//! use mongodb::bson::{Document, doc};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let server = embedded_mongo::Server::start()?;
//! let client = Client::with_uri_str(server.uri()).await?;
//! let users = client.database("test").collection::<Document>("users");
//! users.insert_one(doc! { "name": "Ann" }).await?;
//! assert_eq!(users.count_documents(doc! { "name": "Ann" }).await?, 1);
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! Failures are simulated with `configureFailPoint`, as drivers' own tests do, with
//! [`Server::elect`], and with the [`Options`] for elections and slow commits.
//! [`Server::hold`] holds the reply of a command, so that a test decides what happens
//! between two commands of one client. [`Server::remove_expired`] runs the TTL monitor at a time that the test chooses.

#![warn(missing_docs)]

mod arguments;
mod commands;
mod connection;
mod error;
mod execution;
mod expression;
mod fail_point;
mod hold;
mod pipeline;
mod projection;
mod query;
mod replication;
mod server;
mod session;
mod sort;
mod storage;
mod ttl;
mod update;
mod value;
pub mod wire;

pub use hold::Hold;
pub use replication::{ElectionCause, Elections};
pub use server::{Options, Server, Storage};
