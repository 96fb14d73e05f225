//! `cargo xtask attack`: attacks on a stack, and the users who must not be affected.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use e2e::attack::{self, ATTACKS, Attack};
use e2e::stack::{Options, Stack, Storage};

/// Attacks a stack and measures the effect on its users.
#[derive(Parser)]
#[command(name = "cargo xtask attack")]
struct Arguments {
    /// The duration of each attack; one that needs longer for an answer takes longer.
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// The attacks to run, e.g. F1a F2; all by default.
    attacks: Vec<String>,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its report")]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let attacks: Vec<&Attack> = if arguments.attacks.is_empty() {
        ATTACKS.iter().collect()
    } else {
        let chosen = arguments.attacks.iter();
        let chosen =
            chosen.map(|id| attack::by_id(id).with_context(|| format!("there is no attack {id}")));
        chosen.collect::<Result<_, _>>()?
    };
    let options = Options {
        name: "attack",
        storage: Storage::BehindProxy,
    };
    let stack = Arc::new(Stack::start(options).await?);
    let _expected = stack.journal.expect_errors();
    let mut failed = Vec::new();
    for attack in attacks {
        let duration = Duration::from_secs(arguments.seconds);
        let report = attack::run(&stack, attack, duration).await;
        println!("{report}");
        if !report.failures().is_empty() {
            failed.push(report.id);
        }
    }
    if failed.is_empty() {
        println!("all attacks were withstood");
        return Ok(ExitCode::SUCCESS);
    }
    println!("not withstood: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}
