//! `cargo xtask bench …`: builds a benchmark with optimisation and runs it. Each benchmark is an
//! example of the package that it measures.

mod chat;
mod cold;
mod page;
mod price;

use std::process::{Command, ExitCode, Stdio};

use clap::{Args, Subcommand};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::child::{self, Child};
use crate::examples;
use crate::output;
use crate::signals::StopSignal;
use crate::workspace::Workspace;

#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Subcommand)]
enum Subject {
    /// One room: send to ack, send to delivery, CPU time per delivery, database round trips;
    /// compared with Socket.IO if Node.js is installed
    Chat {
        #[command(flatten)]
        options: chat::Options,
    },
    /// Cold starts: binary size, first events, memory, compared with a minimal function
    Cold,
    /// The embedded MongoDB: start, memory, reads and durable writes with 16 clients
    Mongo {
        /// One second per figure and a small collection; takes half a minute
        #[arg(long)]
        quick: bool,
    },
    /// The page: size, Lighthouse scores, and a room with ten thousand messages
    Page,
    /// The mail consumer: emails per second with one, two and four mappings
    Mail,
    /// Every route and frame: CPU time and database messages of the most expensive inputs
    Price,
    /// The runner: start, memory, latency of HTTP requests and WebSocket echoes
    Rehearse,
    /// Timing side channels: sign-in, registration and resend for known and unknown addresses
    Timing,
}

/// The profile in `Cargo.toml`.
const PROFILE: &str = "optimised";

/// Open files that a benchmark needs: a thousand sockets and a few more.
const OPEN_FILES: u64 = 2_048;

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    match &options.subject {
        Subject::Chat { options } => chat::run(&workspace, options),
        Subject::Cold => cold::run(&workspace),
        Subject::Mongo { quick } => mongo(&workspace, *quick),
        Subject::Page => page::run(&workspace),
        Subject::Mail => examples::run("mail", &[]),
        Subject::Price => price::run(&workspace),
        Subject::Rehearse => rehearse(&workspace),
        Subject::Timing => examples::run("timing", &[]),
    }
}

fn mongo(workspace: &Workspace, quick: bool) -> anyhow::Result<ExitCode> {
    output::step("building the embedded MongoDB with optimisation");
    child::run(workspace.cargo().args([
        "build",
        "--profile",
        PROFILE,
        "--package=embedded-mongo",
        "--bin=embedded-mongo",
        "--example=bench",
    ]))?;
    output::step("measuring, with 16 clients; other work on this machine slows it down");
    allow_open_files();
    let program = workspace.target.join(PROFILE).join("examples/bench");
    let mut bench = Command::new(program);
    if quick {
        bench.arg("--quick");
    }
    let status = Child::start(bench.stdin(Stdio::null()), StopSignal::Group)?.wait()?;
    child::succeeded(&bench, status)?;
    Ok(ExitCode::SUCCESS)
}

fn rehearse(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    output::step("building the runner with optimisation");
    child::run(workspace.cargo().args([
        "build",
        "--profile",
        PROFILE,
        "--package=rehearse",
        "--bin=rehearse",
        "--examples",
    ]))?;
    output::step("measuring; other work on this machine slows it down");
    let program = workspace.target.join(PROFILE).join("examples/measure");
    let mut bench = Command::new(program);
    let status = Child::start(bench.stdin(Stdio::null()), StopSignal::Group)?.wait()?;
    child::succeeded(&bench, status)?;
    Ok(ExitCode::SUCCESS)
}

/// Raises the limit of open files, which the benchmark inherits. If the system's hard limit is
/// lower, the benchmark reports what it could not open.
fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < OPEN_FILES) {
        let wanted = limit
            .maximum
            .map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
        let raised = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        };
        let _ = setrlimit(Resource::Nofile, raised);
    }
}
