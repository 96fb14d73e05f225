//! A RabbitMQ for the tests of the packages, started by the runner.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{ChildStdin, Command, Stdio};

use anyhow::Context as _;
use serde::Deserialize;

use super::Context;
use crate::child::Child;
use crate::signals::StopSignal;

const TEMPLATE: &str = "xtask/checks/broker/template.yaml";
/// Not `RABBITMQ_URL`, which the runner under test would use as well.
pub const URL: &str = "BANTER_TEST_RABBITMQ_URL";

/// Stops when it is dropped.
pub struct Broker {
    pub url: String,
    _runner: Child,
    _lifeline: Option<ChildStdin>,
}

/// The ready line of the runner.
#[derive(Deserialize)]
struct Ready {
    rabbitmq: String,
}

impl Broker {
    /// Starts a broker, unless [`URL`] names one.
    pub fn unless_given(context: &Context) -> anyhow::Result<Option<Self>> {
        if env::var_os(URL).is_some_and(|url| !url.is_empty()) {
            return Ok(None);
        }
        let mut runner = Child::start(
            Command::new(context.artifacts.binaries.join("rehearse"))
                .args(["run", "--stop-with-stdin", "--port=0"])
                .arg("--template")
                .arg(context.workspace.root.join(TEMPLATE))
                .arg("--data")
                .arg(context.workspace.target.join("broker"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped()),
            StopSignal::Process,
        )?;
        let lifeline = runner.take_stdin();
        let mut line = String::new();
        if let Some(output) = runner.take_stdout() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let ready: Ready = serde_json::from_str(&line).context("RabbitMQ did not start")?;
        Ok(Some(Self {
            url: ready.rabbitmq,
            _runner: runner,
            _lifeline: lifeline,
        }))
    }
}
