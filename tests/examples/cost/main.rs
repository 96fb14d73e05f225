//! What the service costs: `cargo xtask cost` builds and runs this.
//!
//! A whole stack runs, and a few people do each thing that people do: sign in,
//! open the page, talk, stay. What each of these takes is read from the functions'
//! own lines of the log. The rest is multiplication, by the assumptions and the
//! prices that are printed with the result.

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
#[expect(clippy::print_stdout, reason = "it tells its figures there")]
#[expect(clippy::print_stderr, reason = "and there what went wrong")]
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
