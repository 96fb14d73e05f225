//! `cargo xtask guess`: guesses passwords and codes of accounts at the highest rate
//! that the service allows, from many source addresses, with new challenges and
//! resends.
//!
//! The source addresses are loopback addresses, since the gateway uses the address of
//! the connection and ignores `X-Forwarded-For`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::guessing::{self, Counts, Target};
use e2e::stack::{Options, Stack, Storage};
use futures_util::future::join_all;

/// The default duration. The hourly limits are used up by then.
const SECONDS: u64 = 90;
const ACCOUNTS: u32 = 3;
/// The number of possible codes.
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
    let guessing = Target::ALL.map(|target| {
        let guesses = (0..ACCOUNTS)
            .map(|_| tokio::spawn(guessing::guess(Arc::clone(&stack), target, until)))
            .collect::<Vec<_>>();
        async move { (target, join_all(guesses).await) }
    });
    println!(
        "{ACCOUNTS} accounts per target, {seconds} s, a new source address every ten guesses; \
         per account:"
    );
    for (target, counts) in join_all(guessing).await {
        let counts: Vec<Counts> = counts.into_iter().collect::<Result<_, _>>()?;
        let mean = |part: fn(&Counts) -> u32| {
            f64::from(counts.iter().map(part).sum::<u32>()) / f64::from(ACCOUNTS)
        };
        println!(
            "{:<34} {:>7.0} sent, {:>6.1} compared, {:>5.1} of them could be right; {}",
            target.what(),
            mean(|counts| counts.sent),
            mean(|counts| counts.compared),
            mean(|counts| counts.live),
            chance(target, mean(|counts| counts.live)),
        );
    }
    Ok(())
}

/// Extrapolates the live guesses to a day.
fn chance(target: Target, live: f64) -> String {
    match target.a_day(live) {
        guesses if target.guesses_codes() => {
            format!(
                "{guesses:.0} a day, success probability {:.1e} per account and day",
                guesses / CODES
            )
        }
        guesses => format!("{guesses:.0} a day"),
    }
}
