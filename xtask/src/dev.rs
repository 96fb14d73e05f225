//! `cargo xtask dev`: the whole of Banter on this machine.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{ChildStdout, Command, ExitCode, Stdio};

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;

use crate::artifacts::Artifacts;
use crate::child::Child;
use crate::signals::Ending;
use crate::workspace::Workspace;
use crate::{needs, say};

/// How to run it.
#[derive(Args)]
pub struct Options {
    /// Build functions and page as for the cloud, and serve the page compressed.
    #[arg(long)]
    release: bool,
    /// The port of the page, the API and the socket; 0 takes any that is free.
    #[arg(long)]
    port: Option<u16>,
    /// The folder that keeps everything between two runs [default: .local].
    #[arg(long)]
    data: Option<PathBuf>,
    /// The functions' log level: trace, debug, info, warn or error.
    #[arg(long)]
    log_level: Option<String>,
    /// Further options of the runner (`local run --help`).
    #[arg(last = true)]
    runner: Vec<String>,
}

/// What the runner says on its standard output once it is ready.
#[derive(Deserialize)]
struct Ready {
    web: String,
    inbox: String,
}

/// Installs, builds, and runs until told to end.
///
/// # Errors
/// If something cannot be installed, built or started.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    needs::ensure(needs::DEV)?;
    let artifacts = Artifacts::build(&workspace, options.release)?;
    let mut runner = Child::start(
        runner(options, &workspace, &artifacts)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped()),
        Ending::Orderly,
    )?;
    // Held open until the end: the runner ends, too, when it closes, which it
    // does even if this process has no time to say so.
    let _lifeline = runner.take_stdin();
    if let Some(output) = runner.take_stdout() {
        forward(output);
    }
    let status = runner.wait().context("lost sight of the runner")?;
    Ok(match status.code() {
        Some(0) => ExitCode::SUCCESS,
        Some(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        None => {
            say::line(&format!("error: the runner ended by force ({status})"));
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

/// Passes the runner's standard output on unchanged, and says to people what
/// its line for programs means.
fn forward(output: ChildStdout) {
    let mut output = BufReader::new(output);
    let mut line = String::new();
    while output.read_line(&mut line).is_ok_and(|length| length > 0) {
        let mut ours = std::io::stdout().lock();
        // Whoever read it may be gone; the runner must not wait for them.
        let _ = ours.write_all(line.as_bytes()).and_then(|()| ours.flush());
        if let Ok(ready) = serde_json::from_str::<Ready>(&line) {
            say::line(&format!(
                "\n    Banter:  {}\n    Mail:    {}\n    Ctrl-C stops it.\n",
                ready.web, ready.inbox
            ));
        }
        line.clear();
    }
}
