//! `cargo xtask dead-letters`: builds and runs the operator's program.

use std::process::{Command, ExitCode};

use clap::{Args, Subcommand};

use crate::child::{self, Child};
use crate::signals::StopSignal;
use crate::workspace::{SELECTION, Workspace};

#[derive(Args)]
pub struct Options {
    /// The broker with its login, `amqps://user:password@host:5671`, followed by the virtual host
    /// if it is not `/`. Prefer the variable: other users of this machine can read arguments
    #[arg(
        long,
        env = "RABBITMQ_URL",
        hide_env_values = true,
        global = true,
        required = false
    )]
    url: Option<String>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Copy, Subcommand)]
enum Action {
    /// Show each dead letter with its reason; changes nothing
    List,
    /// Put replayable jobs back on the queue; the others stay
    Replay,
    /// Delete jobs that cannot be replayed: codes, and malformed jobs
    Discard,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(SELECTION);
    child::run(cargo.args(["--bin", "dead-letters", "--quiet"]))?;
    let mut program = Command::new(workspace.binaries(false).join("dead-letters"));
    program.arg(options.action.name());
    if let Some(url) = &options.url {
        program.env("RABBITMQ_URL", url);
    }
    let status = Child::start(&mut program, StopSignal::Group)?.wait()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Replay => "replay",
            Self::Discard => "discard",
        }
    }
}
