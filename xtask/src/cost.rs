//! `cargo xtask cost`: the monthly cost, computed from a measured run by `tests/examples/cost`.

use std::process::{Command, ExitCode, Stdio};

use clap::Args;
use serde::Serialize;

use crate::child::{self, Child};
use crate::signals::StopSignal;
use crate::workspace::{SELECTION, Workspace};
use crate::{output, prerequisites};

#[derive(Args, Serialize)]
pub struct Options {
    /// Numbers of users to compute the cost for
    #[arg(long, value_delimiter = ',', default_value = "10,1000,100000")]
    people: Vec<f64>,
    /// Sign-ins per user and month
    #[arg(long, default_value_t = 4.0)]
    sign_ins: f64,
    /// Page loads per user and day
    #[arg(long, default_value_t = 6.0)]
    opens: f64,
    /// Minutes per day that a user's socket is open
    #[arg(long, default_value_t = 120.0)]
    minutes: f64,
    /// Messages sent per user and day
    #[arg(long, default_value_t = 20.0)]
    messages: f64,
    /// Sockets that receive a message, including the sender's
    #[arg(long, default_value_t = 5)]
    listeners: usize,
    /// Memory of each function, in MB
    #[arg(long, default_value_t = 512.0)]
    memory: f64,
    /// Ratio of an invocation's duration on Lambda to its duration on this machine: a function with
    /// 512 MB has less than a third of a processor
    #[arg(long, default_value_t = 3.0)]
    slowdown: f64,
    /// Ratio of the busiest hour's load to the average
    #[arg(long, default_value_t = 5.0)]
    peak: f64,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    prerequisites::ensure(prerequisites::DEV)?;
    workspace.build_deployed(&[])?;
    let mut cargo = workspace.cargo();
    child::run(cargo.arg("build").args(SELECTION).arg("--example=cost"))?;
    output::step("measuring");
    let mut program = Command::new(workspace.binaries(false).join("examples/cost"));
    program
        .env("BANTER_BIN", workspace.binaries(true))
        .env("BANTER_PAGE", workspace.root.join("frontend/static"))
        .env("BANTER_ASSUMPTIONS", serde_json::to_string(options)?);
    let status = Child::start(program.stdin(Stdio::null()), StopSignal::Group)?.wait()?;
    child::succeeded(&program, status)?;
    Ok(ExitCode::SUCCESS)
}
