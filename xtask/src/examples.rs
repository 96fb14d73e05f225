//! Runs examples of the package in `tests/` that drive a complete stack.

use std::process::{Command, ExitCode, Stdio};

use clap::Args;

use crate::artifacts::Artifacts;
use crate::child::{self, Child};
use crate::signals::StopSignal;
use crate::workspace::{SELECTION, Workspace};
use crate::{output, prerequisites};

#[derive(Args)]
pub struct GuessOptions {
    /// Duration; the hourly limits are used up long before
    #[arg(long, default_value_t = 90)]
    seconds: u32,
}

pub fn guess(options: &GuessOptions) -> anyhow::Result<ExitCode> {
    run("guess", &[&options.seconds.to_string()])
}

/// Builds a stack, page included, and runs an example of `tests/` against it.
pub fn run(example: &str, arguments: &[&str]) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    prerequisites::ensure(prerequisites::DEV)?;
    output::step(&format!("building the stack and {example}"));
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(SELECTION);
    child::run(cargo.args(["--bins", "--example", example]))?;
    let artifacts = Artifacts::of(&workspace, false);
    artifacts.build_page(&workspace, false)?;
    let mut program = Command::new(artifacts.binaries.join("examples").join(example));
    program
        .args(arguments)
        .env("BANTER_BIN", &artifacts.binaries)
        .env("BANTER_PAGE", &artifacts.page)
        .stdin(Stdio::null());
    let status = Child::start(&mut program, StopSignal::Process)?.wait()?;
    child::succeeded(&program, status)?;
    Ok(ExitCode::SUCCESS)
}
