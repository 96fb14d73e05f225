//! Guesses at accounts of a running stack, as many as it lets through, from many
//! source addresses, with new challenges and resends in between:
//! `cargo xtask guess`.
//!
//! `X-Forwarded-For` is no source here: the runner, as the gateway, takes the
//! connection's own address, and the loopback network has enough of those.

use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::guessing::{self, Door, Toll};
use e2e::stack::{Options, Stack, Storage};
use futures_util::future::join_all;

/// How long each account is guessed at, unless the first argument says
/// otherwise. More brings nothing: what an hour allows is used up by then.
const SECONDS: u64 = 90;
/// Accounts that are guessed at through each door.
const ACCOUNTS: u32 = 3;
/// Codes that there are.
const CODES: f64 = 1e8;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its figures")]
async fn main() -> anyhow::Result<()> {
    let seconds = std::env::args()
        .nth(1)
        .map_or(Ok(SECONDS), |text| text.parse())?;
    let stack = Stack::start(Options {
        name: "guess",
        storage: Storage::BehindProxy,
    });
    let stack = Arc::new(stack.await?);
    let until = Instant::now() + Duration::from_secs(seconds);
    let guessing = Door::ALL.map(|door| {
        let guesses = (0..ACCOUNTS)
            .map(|_| tokio::spawn(guessing::guess(Arc::clone(&stack), door, until)))
            .collect::<Vec<_>>();
        async move { (door, join_all(guesses).await) }
    });
    println!(
        "{ACCOUNTS} accounts a door, {seconds} s, each guess from a source address that is changed \
         every ten; per account:"
    );
    for (door, tolls) in join_all(guessing).await {
        let tolls: Vec<Toll> = tolls.into_iter().collect::<Result<_, _>>()?;
        let mean = |part: fn(&Toll) -> u32| {
            f64::from(tolls.iter().map(part).sum::<u32>()) / f64::from(ACCOUNTS)
        };
        println!(
            "{:<34} {:>7.0} sent, {:>6.1} compared, {:>5.1} of them could be right; {}",
            door.what(),
            mean(|toll| toll.sent),
            mean(|toll| toll.compared),
            mean(|toll| toll.live),
            chance(door, mean(|toll| toll.live)),
        );
    }
    Ok(())
}

/// What the count of live guesses comes to in a day.
fn chance(door: Door, live: f64) -> String {
    match door.a_day(live) {
        guesses if door.guesses_codes() => {
            format!(
                "{guesses:.0} a day, chance {:.1e} an account and day",
                guesses / CODES
            )
        }
        guesses => format!("{guesses:.0} a day, of passwords that no list of common ones has"),
    }
}
