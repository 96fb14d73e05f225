//! `cargo xtask soak`: people talk while everything breaks, and nothing is lost.
//!
//! It starts a stack of its own, so that nothing else is disturbed, and ends
//! with a status other than 0 unless nothing was lost, doubled or out of order.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Parser, ValueEnum};
use e2e::soak::{Fault, Plan, Until, run};
use e2e::stack::{Options, Stack, Storage};

/// Who talks, how much, and what breaks.
#[derive(Parser)]
#[command(name = "cargo xtask soak")]
struct Arguments {
    /// How many people there are; more sign up longer.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(2..=2_000))]
    people: u16,
    /// How many rooms there are; everybody is in each.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=500))]
    rooms: u16,
    /// How many messages a second all of them together say.
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// For how many seconds they talk.
    #[arg(long, default_value_t = 45)]
    seconds: u64,
    /// Talk until there are so many deliveries, however long that takes.
    #[arg(long)]
    deliveries: Option<usize>,
    /// Decides what happens by chance; by default another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// What breaks; by default everything.
    #[arg(long, value_enum, value_delimiter = ',', num_args = 0..)]
    faults: Option<Vec<Breaks>>,
}

/// The faults by name.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Breaks {
    /// People's networks.
    Cuts,
    /// Processes of functions.
    Kills,
    /// RabbitMQ.
    Broker,
    /// The way to the database.
    Database,
    /// The gateway's `$disconnect`.
    Disconnects,
}

impl From<Breaks> for Fault {
    fn from(breaks: Breaks) -> Self {
        match breaks {
            Breaks::Cuts => Self::Cuts,
            Breaks::Kills => Self::Kills,
            Breaks::Broker => Self::Broker,
            Breaks::Database => Self::Database,
            Breaks::Disconnects => Self::Disconnects,
        }
    }
}

impl Arguments {
    fn plan(self) -> anyhow::Result<Plan> {
        anyhow::ensure!(
            self.rate.is_finite() && self.rate > 0.0,
            "--rate wants a number above 0"
        );
        let faults: BTreeSet<Fault> = match self.faults {
            Some(chosen) => chosen.into_iter().map(Fault::from).collect(),
            None => BTreeSet::from(Fault::ALL),
        };
        Ok(Plan {
            people: self.people.into(),
            rooms: self.rooms.into(),
            rate: self.rate,
            until: match self.deliveries {
                Some(count) => Until::Deliveries(count),
                None => Until::Time(Duration::from_secs(self.seconds)),
            },
            seed: self.seed.map_or_else(by_chance, Ok)?,
            faults,
        })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let plan = Arguments::parse().plan()?;
    let names: Vec<_> = plan.faults.iter().map(|fault| fault.name()).collect();
    println!("seed              {}", plan.seed);
    println!("what breaks       {}", names.join(", "));
    let stack = Arc::new(
        Stack::start(Options {
            name: "soak",
            storage: Storage::BehindProxy,
        })
        .await?,
    );
    let verdict = run(&stack, &plan, |line| println!("{line}")).await;
    println!("{verdict}");
    let mut is_clean = verdict.is_clean();
    for examined in stack.finish().await {
        if let Some(fault) = examined.fault {
            println!("{}: {fault}", examined.name);
            is_clean = false;
        }
    }
    println!("{}", if is_clean { "clean" } else { "NOT CLEAN" });
    Ok(if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn by_chance() -> anyhow::Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::from(now.subsec_nanos()))
}
