//! A runner that works for one command or one step, and stops with it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};

use anyhow::Context as _;
use serde::de::DeserializeOwned;

use crate::artifacts::Artifacts;
use crate::child::Child;
use crate::signals::StopSignal;

/// Stops when it is dropped.
pub struct Runner {
    _process: Child,
    /// The runner stops when this pipe closes, even if this process is killed.
    _lifeline: Option<ChildStdin>,
}

impl Runner {
    /// Runs `template` on a free port. Returns the ready line as well.
    pub fn start<R: DeserializeOwned>(
        artifacts: &Artifacts,
        template: &Path,
        data: &Path,
        options: &[&str],
    ) -> anyhow::Result<(Self, R)> {
        let mut process = Child::start(
            Command::new(artifacts.binaries.join("rehearse"))
                .args(["run", "--stop-with-stdin", "--port=0"])
                .args(options)
                .arg("--template")
                .arg(template)
                .arg("--data")
                .arg(data)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped()),
            StopSignal::Process,
        )?;
        let lifeline = process.take_stdin();
        let mut line = String::new();
        if let Some(output) = process.take_stdout() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let ready = serde_json::from_str(&line).context("the runner did not start")?;
        let runner = Self {
            _process: process,
            _lifeline: lifeline,
        };
        Ok((runner, ready))
    }
}
