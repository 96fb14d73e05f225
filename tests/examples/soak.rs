//! `cargo xtask soak`: messages under injected faults.
//!
//! Runs against its own stack. The exit status is 0 only if no message was lost,
//! duplicated or reordered.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use e2e::soak::presence::{self, PresencePlan};
use e2e::soak::{Fault, Plan, Until, run};
use e2e::stack::{Options, Stack, Storage};

/// The parameters of a soak test.
#[derive(Parser)]
#[command(name = "cargo xtask soak")]
struct Arguments {
    /// The number of users; each costs a registration at the start.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(2..=2_000))]
    people: u16,
    /// The number of rooms; every user is a member of each.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=500))]
    rooms: u16,
    /// Messages per second of all users together.
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// The duration in seconds.
    #[arg(long, default_value_t = 45)]
    seconds: u64,
    /// Run until this number of deliveries instead of a duration.
    #[arg(long)]
    deliveries: Option<usize>,
    /// The seed of all random choices; random by default.
    #[arg(long)]
    seed: Option<u64>,
    /// The faults to inject; all by default.
    #[arg(long, value_enum, value_delimiter = ',', num_args = 0..)]
    faults: Option<Vec<FaultName>>,
    /// Compare presence instead of messages; every user is in one room.
    #[arg(long)]
    presence: bool,
}

/// The faults by name.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FaultName {
    /// Network cuts of the users.
    Cuts,
    /// Killed function processes.
    Kills,
    /// A stopped or killed RabbitMQ.
    Broker,
    /// Cut or stalled connections to the database.
    Database,
    /// Dropped `$disconnect` events.
    Disconnects,
}

impl From<FaultName> for Fault {
    fn from(name: FaultName) -> Self {
        match name {
            FaultName::Cuts => Self::Cuts,
            FaultName::Kills => Self::Kills,
            FaultName::Broker => Self::Broker,
            FaultName::Database => Self::Database,
            FaultName::Disconnects => Self::Disconnects,
        }
    }
}

impl Arguments {
    fn presence_plan(&self) -> PresencePlan {
        PresencePlan {
            people: self.people.into(),
            rooms: self.rooms.into(),
            time: Duration::from_secs(self.seconds),
            seed: self.seed.unwrap_or_else(|| fastrand::u64(..)),
        }
    }

    fn plan(self) -> anyhow::Result<Plan> {
        anyhow::ensure!(
            self.rate.is_finite() && self.rate > 0.0,
            "--rate requires a number above 0"
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
            seed: self.seed.unwrap_or_else(|| fastrand::u64(..)),
            faults,
        })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.presence {
        return soak_presence(&arguments.presence_plan()).await;
    }
    let plan = arguments.plan()?;
    let names: Vec<_> = plan.faults.iter().map(|fault| fault.name()).collect();
    println!("seed              {}", plan.seed);
    println!("faults            {}", names.join(", "));
    let stack = start().await?;
    let verdict = run(&stack, &plan, |line| println!("{line}")).await;
    println!("{verdict}");
    Ok(finish(stack, verdict.is_clean()).await)
}

async fn soak_presence(plan: &PresencePlan) -> anyhow::Result<ExitCode> {
    println!("seed              {}", plan.seed);
    let stack = start().await?;
    let verdict = presence::run(&stack, plan, |line| println!("{line}")).await;
    println!("{verdict}");
    Ok(finish(stack, verdict.is_clean()).await)
}

async fn start() -> anyhow::Result<Arc<Stack>> {
    let stack = Stack::start(Options {
        name: "soak",
        storage: Storage::BehindProxy,
    });
    Ok(Arc::new(stack.await?))
}

/// Stops the stack and checks it.
async fn finish(stack: Arc<Stack>, is_clean: bool) -> ExitCode {
    let mut is_clean = is_clean;
    for checked in stack.finish().await {
        if let Some(failure) = checked.failure {
            println!("{}: {failure}", checked.name);
            is_clean = false;
        }
    }
    println!("{}", if is_clean { "clean" } else { "NOT CLEAN" });
    if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
