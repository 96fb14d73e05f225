//! `cargo xtask bench page`: the released page, in a real browser, served by the
//! runner.

use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;

use crate::artifacts::Artifacts;
use crate::child::{self, Child};
use crate::needs::{self, browser, node};
use crate::say;
use crate::signals::Ending;
use crate::workspace::{TOGETHER, Workspace};

/// Builds what it takes and runs the example that measures.
///
/// # Errors
/// If something cannot be installed, built or measured.
pub fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    needs::ensure(needs::DEV)?;
    needs::ensure(needs::PAGE_FIGURES)?;
    // The functions need not be quick: what is measured is the page.
    let functions = Artifacts::build(workspace, false)?;
    let page = Artifacts::of(workspace, true);
    page.build_page(workspace, true)?;
    let (browser, driver) = browser::browser()
        .zip(browser::driver())
        .context("Chromium was there a moment ago")?;
    say::step("building what measures it");
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(TOGETHER);
    child::run(cargo.args(["--example", "bench_page"]))?;
    say::step("measuring the page; other work on this machine slows it down");
    let mut bench = Command::new(functions.binaries.join("examples/bench_page"));
    bench
        .env("BANTER_BIN", &functions.binaries)
        .env("BANTER_PAGE", &page.page)
        .env("BANTER_PAGE_IS_RELEASED", "1")
        .env("BANTER_CHROMIUM", browser)
        .env("BANTER_CHROMEDRIVER", driver)
        .env("BANTER_LIGHTHOUSE", node::lighthouse()?);
    let status = Child::start(bench.stdin(Stdio::null()), Ending::Group)?.wait()?;
    child::succeeded(&bench, status)?;
    Ok(ExitCode::SUCCESS)
}
