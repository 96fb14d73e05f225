//! `cargo xtask bench cold`: cold starts of the deployed functions, measured by
//! `tests/examples/cold`.

use std::process::{Command, ExitCode, Stdio};

use crate::child::{self, Child};
use crate::signals::StopSignal;
use crate::workspace::{SELECTION, Workspace};
use crate::{output, prerequisites};

pub fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    prerequisites::ensure(prerequisites::DEV)?;
    workspace.build_deployed(&["--example=hello"])?;
    let mut cargo = workspace.cargo();
    child::run(cargo.arg("build").args(SELECTION).arg("--example=cold"))?;
    output::step("measuring; other work on this machine slows it down");
    let mut bench = Command::new(workspace.binaries(false).join("examples/cold"));
    bench
        .env("BANTER_BIN", workspace.binaries(true))
        // The page is not opened; its sources stand in for it.
        .env("BANTER_PAGE", workspace.root.join("frontend/static"));
    let status = Child::start(bench.stdin(Stdio::null()), StopSignal::Group)?.wait()?;
    child::succeeded(&bench, status)?;
    Ok(ExitCode::SUCCESS)
}
