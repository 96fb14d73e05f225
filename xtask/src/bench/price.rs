//! `cargo xtask bench price`: CPU time and database messages of every route and frame, with the
//! functions as they are deployed. Measured by `tests/examples/price`.

use std::process::{Command, ExitCode, Stdio};

use crate::child::{self, Child};
use crate::output;
use crate::prerequisites;
use crate::signals::StopSignal;
use crate::workspace::{SELECTION, Workspace};

pub(super) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    prerequisites::ensure(prerequisites::DEV)?;
    workspace.build_deployed(&[])?;
    let mut cargo = workspace.cargo();
    child::run(
        cargo
            .arg("build")
            .args(SELECTION)
            .args(["--example", "price"]),
    )?;
    output::step("measuring; other work on this machine makes the figures worse");
    let mut program = Command::new(workspace.binaries(false).join("examples/price"));
    program
        .env("BANTER_BIN", workspace.binaries(true))
        .env("BANTER_PAGE", workspace.root.join("frontend/static"));
    let status = Child::start(program.stdin(Stdio::null()), StopSignal::Process)?.wait()?;
    child::succeeded(&program, status)?;
    Ok(ExitCode::SUCCESS)
}
