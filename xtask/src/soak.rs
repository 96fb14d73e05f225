//! `cargo xtask soak`: people talk while everything breaks, and nothing is lost.
//! What happens is in the package that drives the whole service; here it is only
//! built and run.

use std::process::{Command, ExitCode, Stdio};

use clap::Args;

use crate::artifacts::Artifacts;
use crate::child::{self, Child};
use crate::needs;
use crate::say;
use crate::signals::Ending;
use crate::workspace::{TOGETHER, Workspace};

/// How to soak.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Options {
    /// Optimised functions, which take minutes to build.
    #[arg(long)]
    release: bool,
    /// Who talks, how much, and what breaks; `--help` names all of it.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Builds everything and runs it; its status is that of the command.
///
/// # Errors
/// If something is missing or does not compile.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    needs::ensure(needs::DEV)?;
    let artifacts = Artifacts::build(&workspace, options.release)?;
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(TOGETHER);
    cargo.args(["--bin=embedded-mongo", "--example=soak"]);
    if options.release {
        cargo.arg("--release");
    }
    child::run(&mut cargo)?;
    say::step("soaking");
    let mut soak = Command::new(artifacts.binaries.join("examples/soak"));
    soak.args(&options.rest)
        .env("BANTER_BIN", &artifacts.binaries)
        .env("BANTER_PAGE", &artifacts.page)
        .stdin(Stdio::null());
    let status = Child::start(&mut soak, Ending::Group)?.wait()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
