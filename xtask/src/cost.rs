//! `cargo xtask cost`: what the service costs, from a measured run. Measured and
//! computed by `tests/examples/cost`.

use std::process::{Command, ExitCode, Stdio};

use clap::Args;
use serde::Serialize;

use crate::child::{self, Child};
use crate::signals::Ending;
use crate::workspace::{TOGETHER, Workspace};
use crate::{needs, say};

/// What people are assumed to do.
#[derive(Args, Serialize)]
pub struct Options {
    /// For how many people to compute.
    #[arg(long, value_delimiter = ',', default_value = "10,1000,100000")]
    people: Vec<f64>,
    /// Sign-ins of a person in a month.
    #[arg(long, default_value_t = 4.0)]
    sign_ins: f64,
    /// How often a person opens the page in a day.
    #[arg(long, default_value_t = 6.0)]
    opens: f64,
    /// For how many minutes of a day a person's socket is open.
    #[arg(long, default_value_t = 120.0)]
    minutes: f64,
    /// Messages that a person sends in a day.
    #[arg(long, default_value_t = 20.0)]
    messages: f64,
    /// Sockets that hear a message, the sender's included.
    #[arg(long, default_value_t = 5)]
    listeners: usize,
    /// Memory of each function, in MB.
    #[arg(long, default_value_t = 512.0)]
    memory: f64,
    /// How much longer an invocation takes in Lambda than on this machine: with 512 MB
    /// it gets less than a third of a processor.
    #[arg(long, default_value_t = 3.0)]
    slowdown: f64,
    /// How much busier the busiest hour is than the average one.
    #[arg(long, default_value_t = 5.0)]
    peak: f64,
}

/// Builds as for a deployment, measures and computes.
///
/// # Errors
/// If it does not compile, or cannot be measured.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    needs::ensure(needs::DEV)?;
    workspace.build_deployed(&[])?;
    let mut cargo = workspace.cargo();
    child::run(cargo.arg("build").args(TOGETHER).arg("--example=cost"))?;
    say::step("measuring");
    let mut program = Command::new(workspace.binaries(false).join("examples/cost"));
    program
        .env("BANTER_BIN", workspace.binaries(true))
        .env("BANTER_PAGE", workspace.root.join("frontend/static"))
        .env("BANTER_ASSUMPTIONS", serde_json::to_string(options)?);
    let status = Child::start(program.stdin(Stdio::null()), Ending::Group)?.wait()?;
    child::succeeded(&program, status)?;
    Ok(ExitCode::SUCCESS)
}
