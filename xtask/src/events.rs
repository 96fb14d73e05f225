//! `cargo xtask events`: the runner writes `events/`, one file a function.

use std::process::ExitCode;

use crate::child;
use crate::workspace::{TOGETHER, Workspace};

/// Builds the runner and lets it write.
///
/// # Errors
/// If it does not compile, or `events/requests.json` asks for what is not there.
pub fn run() -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    let mut cargo = workspace.cargo();
    child::run(
        cargo
            .arg("build")
            .args(TOGETHER)
            .args(["--bin", "rehearse"]),
    )?;
    let mut local = std::process::Command::new(workspace.binaries(false).join("rehearse"));
    child::run(local.current_dir(&workspace.root).arg("events"))?;
    Ok(ExitCode::SUCCESS)
}
