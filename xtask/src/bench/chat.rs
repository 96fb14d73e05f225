//! `cargo xtask bench chat`: latency and CPU time of a room, compared with Socket.IO. The programs
//! on a message's path are optimised; the other functions are the development builds.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;
use clap::Args;

use super::{PROFILE, allow_open_files};
use crate::child::{self, Child};
use crate::output;
use crate::prerequisites::{self, socketio};
use crate::signals::StopSignal;
use crate::workspace::{SELECTION, Workspace};

#[derive(Args)]
pub(super) struct Options {
    /// Seconds per figure
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Measure one room with this number of sockets, and no reconnects
    #[arg(long)]
    room: Option<usize>,
    /// Leave out pages of the history
    #[arg(long)]
    no_history: bool,
}

impl Options {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--seconds".to_owned(), self.seconds.to_string()];
        if let Some(sockets) = self.room {
            arguments.extend(["--room".to_owned(), sockets.to_string()]);
        }
        if self.no_history {
            arguments.push("--no-history".to_owned());
        }
        arguments
    }
}

/// The programs on a message's path.
const MEASURED: [&str; 5] = [
    "rehearse",
    "ws-connect",
    "ws-message",
    "ws-disconnect",
    "fan-out",
];

pub(super) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    prerequisites::ensure(prerequisites::DEV)?;
    output::step("building the functions, and with optimisation those on a message's path");
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(SELECTION);
    for function in workspace.functions() {
        cargo.args(["--bin", function]);
    }
    child::run(&mut cargo)?;
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(SELECTION);
    cargo.args(["--profile", PROFILE, "--example", "bench_chat"]);
    for program in MEASURED {
        cargo.args(["--bin", program]);
    }
    child::run(&mut cargo)?;

    let (binaries, page) = laid_out(workspace)?;
    let program = workspace.target.join(PROFILE).join("examples/bench_chat");
    let mut bench = Command::new(program);
    bench
        .args(options.arguments())
        .env("BANTER_BIN", binaries)
        .env("BANTER_PAGE", page)
        .stdin(Stdio::null());
    let server = workspace.root.join("tests/socketio/server.mjs");
    if let Some(folder) = socketio::folder(&server)? {
        bench.arg("--socketio").arg(folder);
    }
    output::step("measuring; other work on this machine slows it down");
    allow_open_files();
    let status = Child::start(&mut bench, StopSignal::Group)?.wait()?;
    child::succeeded(&bench, status)?;
    Ok(ExitCode::SUCCESS)
}

/// A folder with all programs and a placeholder page.
fn laid_out(workspace: &Workspace) -> anyhow::Result<(PathBuf, PathBuf)> {
    let folder = workspace.target.join("bench-chat");
    let (binaries, page) = (folder.join("programs"), folder.join("page"));
    for folder in [&binaries, &page] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(
        page.join("index.html"),
        "<!doctype html><title>Bench</title>",
    )?;
    for program in workspace.functions().chain(["rehearse"]) {
        let profile = match MEASURED.contains(&program) {
            true => workspace.target.join(PROFILE),
            false => workspace.binaries(false),
        };
        let (built, placed) = (profile.join(program), binaries.join(program));
        fs::copy(&built, &placed).with_context(|| format!("cannot copy {}", built.display()))?;
    }
    Ok((binaries, page))
}
