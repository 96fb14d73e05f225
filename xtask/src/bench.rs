//! `cargo xtask bench …`: figures. Each is measured by an example of the package
//! that it is about; here it is only built with optimisation and run.

mod chat;
mod cold;
mod page;

use std::process::{Command, ExitCode, Stdio};

use clap::{Args, Subcommand};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::against;
use crate::child::{self, Child};
use crate::say;
use crate::signals::Ending;
use crate::workspace::Workspace;

/// What to measure.
#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Subcommand)]
enum Subject {
    /// A room: send to ack, send to delivery, processor time a delivery, round
    /// trips to the database; beside Socket.IO where there is Node.js.
    Chat {
        /// Handed to the bench: `--seconds N`, `--room SOCKETS`, `--no-history`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// How the functions start: sizes, first events, memory, beside a bare one.
    Cold,
    /// The embedded MongoDB: start, memory, reads and durable writes of 16 clients.
    Mongo {
        /// A second for each figure and a small collection: a look, in half a minute.
        #[arg(long)]
        quick: bool,
    },
    /// The page: what it weighs, Lighthouse's judgement, and a talk of ten thousand
    /// messages.
    Page,
    /// The mail consumer: mails a second with one, two and four mappings.
    Mail,
    /// Sign-in, registration and resend: whether time tells which addresses are known.
    Timing,
}

/// The profile of `Cargo.toml` that these are built with.
const PROFILE: &str = "optimised";

/// Files that a process of the bench may have open: a thousand sockets and a few.
const OPEN_FILES: u64 = 2_048;

/// Builds what is wanted and runs it; its figures go to standard output.
///
/// # Errors
/// If it does not compile, or cannot be measured.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    match &options.subject {
        Subject::Chat { options } => chat::run(&workspace, options),
        Subject::Cold => cold::run(&workspace),
        Subject::Mongo { quick } => mongo(&workspace, *quick),
        Subject::Page => page::run(&workspace),
        Subject::Mail => against::run("mail", &[]),
        Subject::Timing => against::run("timing", &[]),
    }
}

fn mongo(workspace: &Workspace, quick: bool) -> anyhow::Result<ExitCode> {
    say::step("building the embedded MongoDB with optimisation");
    child::run(workspace.cargo().args([
        "build",
        "--profile",
        PROFILE,
        "--package=embedded-mongo",
        "--bin=embedded-mongo",
        "--example=bench",
    ]))?;
    say::step("measuring, with 16 clients; other work on this machine slows it down");
    allow_open_files();
    let program = workspace.target.join(PROFILE).join("examples/bench");
    let mut bench = Command::new(program);
    if quick {
        bench.arg("--quick");
    }
    let status = Child::start(bench.stdin(Stdio::null()), Ending::Group)?.wait()?;
    child::succeeded(&bench, status)?;
    Ok(ExitCode::SUCCESS)
}

/// Lets the bench, which inherits it, have as many files open as it needs. Where
/// the system has a lower bound than that, the bench says what it lacked.
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
