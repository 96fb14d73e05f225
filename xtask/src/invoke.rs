//! `cargo xtask invoke login events/login.json`: the equivalent of `sam local invoke` without a
//! container. Uses the running `cargo xtask dev`, or starts a runner for one invocation.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Deserialize;

use crate::artifacts::Artifacts;
use crate::runner::Runner;
use crate::workspace::Workspace;
use crate::{output, prerequisites};

#[derive(Args)]
pub struct Options {
    /// The function: its folder in `functions/`, or its logical id in the template
    function: String,
    /// File with the event, such as `events/login.json`; `-` is standard input
    event: PathBuf,
    /// Data folder of the running `dev`
    #[arg(long, default_value = ".local")]
    data: PathBuf,
}

/// The runner's ready line, which is also written to the data folder.
#[derive(Deserialize)]
struct Ready {
    web: String,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    let event = read(&options.event)?;
    let function = name(&options.function);
    let data = workspace.root.join(&options.data);
    let running = fs::read_to_string(data.join("ready.json")).ok();
    let running = running.and_then(|line| serde_json::from_str::<Ready>(&line).ok());
    let answer = match running.map(|ready| invoke(&ready.web, &function, &event)) {
        Some(Ok(answer)) => answer,
        // No runner is running, or it crashed and left its ready file behind.
        _ => with_a_runner(&workspace, &function, &event)?,
    };
    println!("{}", answer.body);
    Ok(match answer.status {
        200 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn read(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        return Ok(std::io::read_to_string(std::io::stdin())?);
    }
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// `verify-otp` becomes `VerifyOtpFunction`.
fn name(function: &str) -> String {
    if function.ends_with("Function") {
        return function.to_owned();
    }
    let words = function.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect::<String>() + "Function"
}

/// Starts a runner with in-memory data on a free port.
fn with_a_runner(
    workspace: &Workspace,
    function: &str,
    event: &str,
) -> anyhow::Result<InvokeResponse> {
    output::step("no runner is running: starting one for this invocation");
    prerequisites::ensure(prerequisites::DEV)?;
    let artifacts = Artifacts::build(workspace, false)?;
    let binaries = format!("--binaries={}", artifacts.binaries.display());
    let (_runner, ready): (_, Ready) = Runner::start(
        &artifacts,
        &workspace.root.join("template.yaml"),
        &workspace.target.join("invoke"),
        &["--in-memory", &binaries],
    )?;
    invoke(&ready.web, function, event)
}

struct InvokeResponse {
    status: u16,
    body: String,
}

/// Invokes through the runner at `web`, such as `http://localhost:3000`.
fn invoke(web: &str, function: &str, event: &str) -> anyhow::Result<InvokeResponse> {
    let host = web.trim_start_matches("http://");
    let mut stream =
        TcpStream::connect(host).with_context(|| format!("no runner listens at {web}"))?;
    write!(
        stream,
        "POST /_local/functions/{function}/invocations HTTP/1.0\r\nHost: {host}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{event}",
        event.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        bail!("the runner at {web} sent an invalid response");
    };
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(InvokeResponse {
        status: status.context("the runner sent a response without a status")?,
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_function_is_named_by_its_folder_or_by_the_template() {
        assert_eq!(name("login"), "LoginFunction");
        assert_eq!(name("ws-connect"), "WsConnectFunction");
        assert_eq!(name("VerifyOtpFunction"), "VerifyOtpFunction");
    }
}
