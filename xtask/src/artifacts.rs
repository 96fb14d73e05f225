//! The binaries and the page that `dev`, `test` and the benchmarks run.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use anyhow::Context as _;

use crate::child::{self, Child};
use crate::output;
use crate::signals::StopSignal;
use crate::workspace::{SELECTION, Workspace};

pub struct Artifacts {
    /// Holds one binary per function, and the runner.
    pub binaries: PathBuf,
    pub page: PathBuf,
}

impl Artifacts {
    /// The paths, whether or not the artifacts have been built.
    pub fn of(workspace: &Workspace, release: bool) -> Self {
        Self {
            binaries: workspace.binaries(release),
            page: workspace
                .target
                .join(if release { "page-release" } else { "page" }),
        }
    }

    pub fn build(workspace: &Workspace, release: bool) -> anyhow::Result<Self> {
        let started = Instant::now();
        output::step("building the functions and the runner");
        let mut cargo = workspace.cargo();
        cargo
            .arg("build")
            .args(SELECTION)
            .args(["--bin", "rehearse"]);
        for function in workspace.functions() {
            cargo.args(["--bin", function]);
        }
        if release {
            cargo.arg("--release");
        }
        child::run(&mut cargo)?;
        let artifacts = Self::of(workspace, release);
        artifacts.build_page(workspace, release)?;
        output::line(&format!(
            "    built in {}",
            output::duration(started.elapsed())
        ));
        Ok(artifacts)
    }

    pub fn build_page(&self, workspace: &Workspace, release: bool) -> anyhow::Result<()> {
        output::step("building the page");
        let mut cargo = workspace.cargo();
        cargo.args(["run", "--package", "page", "--", "--out"]);
        cargo.arg(&self.page);
        if release {
            cargo.arg("--release");
        }
        // Its only line of output is the folder, which is known here.
        let status = Child::start(
            cargo.stdin(Stdio::null()).stdout(Stdio::null()),
            StopSignal::Group,
        )?
        .wait()?;
        child::succeeded(&cargo, status).context("the page was not built")
    }
}
