//! `cargo xtask attack`: attacks on a stack of its own, by `tests/examples/attack`.

use std::process::ExitCode;

use clap::Args;

use crate::examples;

#[derive(Args)]
pub struct Options {
    /// Duration of each attack
    #[arg(long, default_value_t = 120)]
    seconds: u32,
    /// The attacks to run, such as F1a or F2; all by default
    attacks: Vec<String>,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let seconds = format!("--seconds={}", options.seconds);
    let mut arguments = vec![seconds.as_str()];
    arguments.extend(options.attacks.iter().map(String::as_str));
    examples::run("attack", &arguments)
}
