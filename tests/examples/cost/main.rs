//! `cargo xtask cost`: the cost of running the service.
//!
//! A few users perform each action against a stack: sign in, open the page, send a
//! message, stay online. The usage of each is read from the functions' log. The bill
//! is that usage times the assumptions and prices that are printed with it.

mod assumptions;
mod bill;
mod measure;
mod prices;

use std::process::ExitCode;
use std::sync::Arc;

use e2e::stack::{Options, Stack, Storage};

use assumptions::Assumptions;
use measure::Measured;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its figures")]
#[expect(clippy::print_stderr, reason = "its errors")]
async fn main() -> ExitCode {
    match compute().await {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn compute() -> anyhow::Result<String> {
    let assumptions = Assumptions::from_environment()?;
    let stack = Stack::start(Options {
        name: "cost",
        storage: Storage::BehindProxy,
    });
    let stack = Arc::new(stack.await?);
    let measured = Measured::of(&stack, &assumptions).await;
    stack.finish().await;
    Ok([
        assumptions.table(),
        measured.table(),
        bill::table(&assumptions, &measured),
    ]
    .join("\n"))
}
