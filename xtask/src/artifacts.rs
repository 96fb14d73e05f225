//! What is built before anything runs: the functions, the runner, the page.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use anyhow::Context as _;

use crate::child::{self, Child};
use crate::say;
use crate::signals::Ending;
use crate::workspace::{TOGETHER, Workspace};

/// Where the built things are.
pub struct Artifacts {
    /// The folder with a program for each function, and the runner.
    pub binaries: PathBuf,
    /// The folder with the page's files.
    pub page: PathBuf,
}

impl Artifacts {
    /// Where they are once they are built.
    pub fn of(workspace: &Workspace, release: bool) -> Self {
        Self {
            binaries: workspace.binaries(release),
            page: workspace
                .target
                .join(if release { "page-release" } else { "page" }),
        }
    }

    /// Builds what is not up to date.
    ///
    /// # Errors
    /// If something does not compile.
    pub fn build(workspace: &Workspace, release: bool) -> anyhow::Result<Self> {
        let started = Instant::now();
        say::step("building the functions and the runner");
        let mut cargo = workspace.cargo();
        cargo
            .arg("build")
            .args(TOGETHER)
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
        say::line(&format!(
            "    built in {}",
            say::duration(started.elapsed())
        ));
        Ok(artifacts)
    }

    /// Builds the page alone.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn build_page(&self, workspace: &Workspace, release: bool) -> anyhow::Result<()> {
        say::step("building the page");
        let mut cargo = workspace.cargo();
        cargo.args(["run", "--package", "page", "--", "--out"]);
        cargo.arg(&self.page);
        if release {
            cargo.arg("--release");
        }
        // The one line that it prints names the folder, which is known here.
        let status = Child::start(
            cargo.stdin(Stdio::null()).stdout(Stdio::null()),
            Ending::Group,
        )?
        .wait()?;
        child::succeeded(&cargo, status).context("the page was not built")
    }
}
