//! `cargo xtask soak`: builds and runs the soak test in `tests/examples/soak`.

use std::process::{Command, ExitCode, Stdio};

use clap::Args;

use crate::artifacts::Artifacts;
use crate::child::{self, Child};
use crate::output;
use crate::prerequisites;
use crate::signals::StopSignal;
use crate::workspace::{SELECTION, Workspace};

#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Options {
    /// Optimised functions, which take minutes to build
    #[arg(long)]
    release: bool,
    /// Options of the soak test; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    prerequisites::ensure(prerequisites::DEV)?;
    let artifacts = Artifacts::build(&workspace, options.release)?;
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(SELECTION);
    cargo.args(["--bin=embedded-mongo", "--example=soak"]);
    if options.release {
        cargo.arg("--release");
    }
    child::run(&mut cargo)?;
    output::step("soaking");
    let mut soak = Command::new(artifacts.binaries.join("examples/soak"));
    soak.args(&options.rest)
        .env("BANTER_BIN", &artifacts.binaries)
        .env("BANTER_PAGE", &artifacts.page)
        .stdin(Stdio::null());
    let status = Child::start(&mut soak, StopSignal::Group)?.wait()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
