//! `cargo xtask bench cold`: the functions as they are deployed, started again and
//! again. Measured by `tests/examples/cold`.

use std::process::{Command, ExitCode, Stdio};

use crate::child::{self, Child};
use crate::signals::Ending;
use crate::workspace::{TOGETHER, Workspace};
use crate::{needs, say};

/// Builds with the profile of a deployment, and measures.
pub fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    needs::ensure(needs::DEV)?;
    workspace.build_deployed(&["--example=hello"])?;
    let mut cargo = workspace.cargo();
    child::run(cargo.arg("build").args(TOGETHER).arg("--example=cold"))?;
    say::step("measuring; other work on this machine slows it down");
    let mut bench = Command::new(workspace.binaries(false).join("examples/cold"));
    bench
        .env("BANTER_BIN", workspace.binaries(true))
        // Nobody opens the page, so its sources stand in for it.
        .env("BANTER_PAGE", workspace.root.join("frontend/static"));
    let status = Child::start(bench.stdin(Stdio::null()), Ending::Group)?.wait()?;
    child::succeeded(&bench, status)?;
    Ok(ExitCode::SUCCESS)
}
