//! `cargo xtask bench price`: processor time and database messages of every route and
//! frame, at its most expensive accepted and refused input.

use std::process::ExitCode;
use std::sync::Arc;

use e2e::price::{self, Kind};
use e2e::stack::{Options, Stack, Storage};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its figures")]
async fn main() -> anyhow::Result<ExitCode> {
    let options = Options {
        name: "price",
        storage: Storage::BehindProxy,
    };
    let stack = Arc::new(Stack::start(options).await?);
    let (prices, hash) = price::all(&stack).await;
    println!("a password hash: {:.1} ms", hash.as_secs_f64() * 1_000.0);
    let kinds = [
        (Kind::Open, "accepted, without a session"),
        (Kind::Session, "accepted, with a session"),
        (Kind::Refused, "refused"),
    ];
    for (kind, title) in kinds {
        println!("\n{title}:");
        for price in prices.iter().filter(|price| price.kind == kind) {
            println!("{price}");
        }
    }
    let excesses: Vec<String> = prices
        .iter()
        .filter_map(|price| price.excess(hash))
        .collect();
    for excess in &excesses {
        println!("! {excess}");
    }
    Ok(if excesses.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
