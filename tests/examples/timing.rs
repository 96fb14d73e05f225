//! `cargo xtask bench timing`: response times for registered and unknown addresses.

use std::sync::Arc;

use e2e::stack::{Options, Stack, Storage};
use e2e::timing;

/// Addresses of each kind; each is used three times.
const ADDRESSES: usize = 67;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its figures")]
async fn main() -> anyhow::Result<()> {
    let stack = Stack::start(Options {
        name: "timing",
        storage: Storage::BehindProxy,
    });
    let stack = Arc::new(stack.await?);
    println!("medians, alternating known and unknown addresses:");
    for compared in timing::compare(&stack, ADDRESSES).await {
        println!("{compared}");
    }
    Ok(())
}
