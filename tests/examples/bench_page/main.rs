//! `cargo xtask bench page`: transfer size, load time and behaviour with a long room.
//! The command passes the release page and Lighthouse in the environment.

mod lighthouse;
mod long_talk;
mod weight;

use std::sync::Arc;

use e2e::stack::{Options, Stack, Storage};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "figures go there")]
async fn main() -> anyhow::Result<()> {
    let stack = Stack::start(Options {
        name: "bench-page",
        storage: Storage::BehindProxy,
    })
    .await?;
    let stack = Arc::new(stack);
    println!("What the first view loads, as it comes over the wire:");
    weight::measure(&stack).await?;
    println!("\nLighthouse, each time with an empty cache:");
    lighthouse::measure(&stack.ready().web).await?;
    println!("\nA talk of {} messages:", long_talk::SAID);
    long_talk::measure(&stack).await?;
    stack.finish().await;
    Ok(())
}
