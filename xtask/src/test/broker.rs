//! A RabbitMQ for the tests of the packages, started by the runner.

use std::env;

use anyhow::Context as _;
use serde::Deserialize;

use super::Context;
use crate::runner::Runner;

const TEMPLATE: &str = "xtask/checks/broker/template.yaml";
/// Not `RABBITMQ_URL`, which the runner under test would use as well.
pub const URL: &str = "BANTER_TEST_RABBITMQ_URL";

/// Stops when it is dropped.
pub struct Broker {
    pub url: String,
    _runner: Runner,
}

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
        let template = context.workspace.root.join(TEMPLATE);
        let data = context.workspace.target.join("broker");
        let (runner, ready): (_, Ready) = Runner::start(&context.artifacts, &template, &data, &[])
            .context("cannot start RabbitMQ")?;
        Ok(Some(Self {
            url: ready.rabbitmq,
            _runner: runner,
        }))
    }
}
