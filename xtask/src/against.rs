//! Programs that drive a whole running stack: examples of the package in `tests/`,
//! built together with all that the stack needs.

use std::process::{Command, ExitCode, Stdio};

use clap::Args;

use crate::artifacts::Artifacts;
use crate::child::{self, Child};
use crate::signals::Ending;
use crate::workspace::{TOGETHER, Workspace};
use crate::{needs, say};

/// How to guess.
#[derive(Args)]
pub struct GuessOptions {
    /// How long; what an hour allows is used up long before.
    #[arg(long, default_value_t = 90)]
    seconds: u32,
}

/// Guesses at accounts as fast as a stack lets it, and says what it came to.
///
/// # Errors
/// If something does not compile, or a guess was right.
pub fn guess(options: &GuessOptions) -> anyhow::Result<ExitCode> {
    run("guess", &[&options.seconds.to_string()])
}

/// Builds a stack, page included, and runs an example of `tests/` against it; its
/// figures go to standard output.
///
/// # Errors
/// If something does not compile, or the example fails.
pub fn run(example: &str, arguments: &[&str]) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    needs::ensure(needs::DEV)?;
    say::step(&format!("building the stack and {example}"));
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(TOGETHER);
    child::run(cargo.args(["--bins", "--example", example]))?;
    let artifacts = Artifacts::of(&workspace, false);
    artifacts.build_page(&workspace, false)?;
    let mut program = Command::new(artifacts.binaries.join("examples").join(example));
    program
        .args(arguments)
        .env("BANTER_BIN", &artifacts.binaries)
        .env("BANTER_PAGE", &artifacts.page)
        .stdin(Stdio::null());
    let status = Child::start(&mut program, Ending::Orderly)?.wait()?;
    child::succeeded(&program, status)?;
    Ok(ExitCode::SUCCESS)
}
