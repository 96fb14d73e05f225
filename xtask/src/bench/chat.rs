//! `cargo xtask bench chat`: how fast a room is and what a delivery costs, beside
//! Socket.IO. What is on the way of a message is built with optimisation; the
//! other functions are those that one works with, and argon2 in them is fast.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;

use super::{PROFILE, allow_open_files};
use crate::child::{self, Child};
use crate::needs::{self, socketio};
use crate::say;
use crate::signals::Ending;
use crate::workspace::{TOGETHER, Workspace};

/// What a message passes through.
const MEASURED: [&str; 5] = [
    "rehearse",
    "ws-connect",
    "ws-message",
    "ws-disconnect",
    "fan-out",
];

/// Builds everything and runs it; its figures go to standard output.
///
/// # Errors
/// If something does not compile, is missing, or cannot be measured.
pub(super) fn run(workspace: &Workspace, options: &[String]) -> anyhow::Result<ExitCode> {
    needs::ensure(needs::DEV)?;
    say::step("building the functions, and with optimisation what a message passes through");
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(TOGETHER);
    for function in workspace.functions() {
        cargo.args(["--bin", function]);
    }
    child::run(&mut cargo)?;
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(TOGETHER);
    cargo.args(["--profile", PROFILE, "--example", "bench_chat"]);
    for program in MEASURED {
        cargo.args(["--bin", program]);
    }
    child::run(&mut cargo)?;

    let (binaries, page) = laid_out(workspace)?;
    let program = workspace.target.join(PROFILE).join("examples/bench_chat");
    let mut bench = Command::new(program);
    bench
        .args(options)
        .env("BANTER_BIN", binaries)
        .env("BANTER_PAGE", page)
        .stdin(Stdio::null());
    let server = workspace.root.join("tests/socketio/server.mjs");
    if let Some(folder) = socketio::folder(&server)? {
        bench.arg("--socketio").arg(folder);
    }
    say::step("measuring; other work on this machine slows it down");
    allow_open_files();
    let status = Child::start(&mut bench, Ending::Group)?.wait()?;
    child::succeeded(&bench, status)?;
    Ok(ExitCode::SUCCESS)
}

/// A folder with all programs, the measured ones optimised, and a page that
/// nobody looks at.
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
        fs::copy(&built, &placed)
            .with_context(|| format!("cannot copy {} to its place", built.display()))?;
    }
    Ok((binaries, page))
}
