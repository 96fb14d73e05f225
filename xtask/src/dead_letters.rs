//! `cargo xtask dead-letters`: builds and runs the operator's program.

use std::process::{Command, ExitCode};

use clap::Args;

use crate::child::{self, Child};
use crate::signals::StopSignal;
use crate::workspace::{SELECTION, Workspace};

#[derive(Args)]
pub struct Options {
    /// `list`, `replay` or `discard`; `--url amqps://user:password@host:5671` unless `RABBITMQ_URL`
    /// is set
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    arguments: Vec<String>,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(SELECTION);
    child::run(cargo.args(["--bin", "dead-letters", "--quiet"]))?;
    let mut program = Command::new(workspace.binaries(false).join("dead-letters"));
    let status = Child::start(program.args(&options.arguments), StopSignal::Group)?.wait()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
