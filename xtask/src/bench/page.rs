//! `cargo xtask bench page`: the release build of the page in a real browser, served by the runner.

use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;

use crate::artifacts::Artifacts;
use crate::child::{self, Child};
use crate::output;
use crate::prerequisites::{self, browser, node};
use crate::signals::StopSignal;
use crate::workspace::{SELECTION, Workspace};

pub fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    prerequisites::ensure(prerequisites::DEV)?;
    prerequisites::ensure(prerequisites::PAGE_FIGURES)?;
    // Only the page is measured, so debug builds of the functions are enough.
    let functions = Artifacts::build(workspace, false)?;
    let page = Artifacts::of(workspace, true);
    page.build_page(workspace, true)?;
    let (browser, driver) = browser::browser()
        .zip(browser::driver())
        .context("Chromium or its driver has disappeared")?;
    output::step("building the benchmark");
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(SELECTION);
    child::run(cargo.args(["--example", "bench_page"]))?;
    output::step("measuring the page; other work on this machine slows it down");
    let mut bench = Command::new(functions.binaries.join("examples/bench_page"));
    bench
        .env("BANTER_BIN", &functions.binaries)
        .env("BANTER_PAGE", &page.page)
        .env("BANTER_PAGE_IS_RELEASED", "1")
        .env("BANTER_CHROMIUM", browser)
        .env("BANTER_CHROMEDRIVER", driver)
        .env("BANTER_LIGHTHOUSE", node::lighthouse()?);
    let status = Child::start(bench.stdin(Stdio::null()), StopSignal::Group)?.wait()?;
    child::succeeded(&bench, status)?;
    Ok(ExitCode::SUCCESS)
}
