//! `cargo xtask dead-letters`: builds the operator's program and runs it.

use std::process::{Command, ExitCode};

use clap::Args;

use crate::child::{self, Child};
use crate::signals::Ending;
use crate::workspace::{TOGETHER, Workspace};

/// What the program is told: see `cargo xtask dead-letters -- --help`.
#[derive(Args)]
pub struct Options {
    /// `list`, `replay` or `discard`, and `--url amqps://user:password@host:5671`
    /// unless the variable `RABBITMQ_URL` says so.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    arguments: Vec<String>,
}

/// Builds and runs it.
///
/// # Errors
/// If it does not compile, or cannot be started.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(TOGETHER);
    child::run(cargo.args(["--bin", "dead-letters", "--quiet"]))?;
    let mut program = Command::new(workspace.binaries(false).join("dead-letters"));
    let status = Child::start(program.args(&options.arguments), Ending::Group)?.wait()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
