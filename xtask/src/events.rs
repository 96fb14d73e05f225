//! `cargo xtask events`: the runner writes the sample events in `events/`.

use std::process::ExitCode;

use crate::child;
use crate::workspace::{SELECTION, Workspace};

pub fn run() -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    let mut cargo = workspace.cargo();
    child::run(
        cargo
            .arg("build")
            .args(SELECTION)
            .args(["--bin", "rehearse"]),
    )?;
    let mut local = std::process::Command::new(workspace.binaries(false).join("rehearse"));
    child::run(local.current_dir(&workspace.root).arg("events"))?;
    Ok(ExitCode::SUCCESS)
}
