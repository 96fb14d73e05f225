//! `cargo xtask dev`: runs the whole service on this machine.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{ChildStdout, Command, ExitCode, Stdio};

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;

use crate::artifacts::Artifacts;
use crate::child::Child;
use crate::signals::StopSignal;
use crate::workspace::Workspace;
use crate::{output, prerequisites, watch};

#[derive(Args)]
pub struct Options {
    /// Build functions and page as for deployment, and serve the page compressed
    #[arg(long)]
    release: bool,
    /// Port of the page, the API and the socket; 0 picks a free one [default: 3000]
    #[arg(long)]
    port: Option<u16>,
    /// Folder for data that is kept between runs [default: .local]
    #[arg(long)]
    data: Option<PathBuf>,
    /// Log level of the functions: trace, debug, info, warn or error
    #[arg(long)]
    log_level: Option<String>,
    /// Rebuild functions and page when their sources change
    #[arg(long)]
    watch: bool,
    /// More options for the runner; `rehearse run --help` lists them
    #[arg(last = true)]
    runner: Vec<String>,
}

/// The line that the runner prints when it is ready.
#[derive(Deserialize)]
struct Ready {
    web: String,
    inbox: String,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    prerequisites::ensure(prerequisites::DEV)?;
    let artifacts = Artifacts::build(&workspace, options.release)?;
    let mut runner = Child::start(
        runner(options, &workspace, &artifacts)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped()),
        StopSignal::Process,
    )?;
    // The runner stops when this pipe closes, even if this process is killed.
    let _lifeline = runner.take_stdin();
    if let Some(output) = runner.take_stdout() {
        forward(output);
    }
    if options.watch {
        watch::start(workspace, options.release)?;
    }
    let status = runner.wait().context("cannot wait for the runner")?;
    Ok(match status.code() {
        Some(0) => ExitCode::SUCCESS,
        Some(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        None => {
            output::line(&format!("error: the runner was killed ({status})"));
            ExitCode::FAILURE
        }
    })
}

fn runner(options: &Options, workspace: &Workspace, artifacts: &Artifacts) -> Command {
    let mut runner = Command::new(artifacts.binaries.join("rehearse"));
    runner
        .args(["run", "--stop-with-stdin"])
        .arg("--template")
        .arg(workspace.root.join("template.yaml"))
        .arg("--binaries")
        .arg(&artifacts.binaries)
        .arg("--page")
        .arg(&artifacts.page)
        .arg("--data")
        .arg(match &options.data {
            Some(folder) => folder.clone(),
            None => workspace.root.join(".local"),
        });
    if options.release {
        runner.arg("--release-page");
    }
    if let Some(port) = options.port {
        runner.args(["--port", &port.to_string()]);
    }
    if let Some(level) = &options.log_level {
        runner.args(["--log-level", level]);
    }
    runner.args(&options.runner);
    runner
}

/// Forwards the runner's standard output, and prints the addresses for people.
fn forward(output: ChildStdout) {
    let mut output = BufReader::new(output);
    let mut line = String::new();
    while output.read_line(&mut line).is_ok_and(|length| length > 0) {
        let mut ours = std::io::stdout().lock();
        // Standard output may be closed; the runner must not block.
        let _ = ours.write_all(line.as_bytes()).and_then(|()| ours.flush());
        if let Ok(ready) = serde_json::from_str::<Ready>(&line) {
            output::line(&format!(
                "\n    Banter:  {}\n    Mail:    {}\n    Ctrl-C stops it.\n",
                ready.web, ready.inbox
            ));
        }
        line.clear();
    }
}
