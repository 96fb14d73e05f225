//! The embedded MongoDB server as a program.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use embedded_mongo::{ElectionCause, Elections, Options, Server, Storage};
use tokio::signal::unix::{SignalKind, signal};

/// A small MongoDB-compatible server on 127.0.0.1.
#[derive(Debug, Parser)]
#[command(name = "embedded-mongo", version)]
struct Arguments {
    /// Port on 127.0.0.1; 0 selects a free port.
    #[arg(long, default_value_t = 27017)]
    port: u16,
    /// Folder for the data file.
    #[arg(
        long,
        required_unless_present = "in_memory",
        conflicts_with = "in_memory"
    )]
    data: Option<PathBuf>,
    /// Keep documents in memory only.
    #[arg(long)]
    in_memory: bool,
    /// Milliseconds between runs of the TTL monitor.
    #[arg(long, default_value_t = 1000, value_name = "MILLISECONDS")]
    ttl_interval: u64,
    /// Milliseconds that a write takes to be acknowledged by a majority.
    #[arg(
        long,
        env = "EMBEDDED_MONGO_COMMIT_DELAY",
        default_value_t = 0,
        value_name = "MILLISECONDS"
    )]
    commit_delay: u64,
    /// Milliseconds between simulated elections.
    #[arg(
        long,
        env = "EMBEDDED_MONGO_ELECTION_INTERVAL",
        value_name = "MILLISECONDS"
    )]
    election_interval: Option<u64>,
    /// Milliseconds without a primary in each election.
    #[arg(
        long,
        env = "EMBEDDED_MONGO_ELECTION_LENGTH",
        default_value_t = 2000,
        value_name = "MILLISECONDS"
    )]
    election_length: u64,
    /// Elections start with a failure of the primary, which closes all connections,
    /// instead of a step-down.
    #[arg(long, env = "EMBEDDED_MONGO_ELECTION_FAILURE")]
    election_failure: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let elections = arguments.election_interval.map(|every| Elections {
        every: Duration::from_millis(every),
        length: Duration::from_millis(arguments.election_length),
        cause: if arguments.election_failure {
            ElectionCause::Failure
        } else {
            ElectionCause::StepDown
        },
    });
    let server = Server::start_with(Options {
        address: SocketAddr::from(([127, 0, 0, 1], arguments.port)),
        storage: match arguments.data {
            Some(folder) => Storage::Folder(folder),
            None => Storage::Memory,
        },
        ttl_interval: Duration::from_millis(arguments.ttl_interval),
        commit_delay: Duration::from_millis(arguments.commit_delay),
        elections,
    })?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", server.uri())?;
    out.flush()?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for signals")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.stop().await;
    Ok(())
}
