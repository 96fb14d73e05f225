//! Fault injection.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::stop::StopSignal;
use crate::stack::{Mode, Stack};
use fastrand::Rng;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Each user loses the network for two seconds about every ten seconds; in half of
    /// the cases without closing the connection.
    Cuts,
    /// A function process is killed with SIGKILL, preferably a busy one.
    Kills,
    /// RabbitMQ is stopped for 3 s, and every third time killed with SIGKILL.
    Broker,
    /// The database's connections are cut or stalled for a second.
    Database,
    /// API Gateway drops `$disconnect` events.
    Disconnects,
}

impl Fault {
    pub const ALL: [Self; 5] = [
        Self::Cuts,
        Self::Kills,
        Self::Broker,
        Self::Database,
        Self::Disconnects,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cuts => "cuts",
            Self::Kills => "kills",
            Self::Broker => "broker",
            Self::Database => "database",
            Self::Disconnects => "disconnects",
        }
    }

    fn interval(self) -> Duration {
        Duration::from_millis(match self {
            Self::Cuts => 10_000,
            Self::Kills => 1_500,
            Self::Broker => 20_000,
            Self::Database => 12_000,
            Self::Disconnects => 8_000,
        })
    }
}

/// A fault and how often it was injected.
pub(super) type Injected = (Fault, usize);

/// Injects faults until the stop signal, then restores everything. The users cut
/// their networks themselves.
pub(super) fn begin(
    stack: &Arc<Stack>,
    faults: &BTreeSet<Fault>,
    rng: &mut Rng,
    stopped: &StopSignal,
) -> JoinSet<Injected> {
    let mut injecting = JoinSet::new();
    for &fault in faults {
        let (stack, stopped, rng) = (Arc::clone(stack), stopped.clone(), rng.fork());
        injecting.spawn(async move {
            let count = match fault {
                Fault::Cuts => 0,
                Fault::Kills => repeat(fault, rng, stopped, |n| kill(&stack, n)).await,
                Fault::Broker => repeat(fault, rng, stopped, |n| stop_broker(&stack, n)).await,
                Fault::Database => repeat(fault, rng, stopped, |n| hold_database(&stack, n)).await,
                Fault::Disconnects => {
                    repeat(fault, rng, stopped, |n| toggle_disconnects(&stack, n)).await
                }
            };
            if fault == Fault::Disconnects {
                stack.drop_disconnect_events(false).await;
            }
            (fault, count)
        });
    }
    injecting
}

/// Injects a fault repeatedly; returns how often.
async fn repeat<F: Future<Output = ()>>(
    fault: Fault,
    mut rng: Rng,
    mut stopped: StopSignal,
    mut once: impl FnMut(usize) -> F,
) -> usize {
    let mut count = 0;
    loop {
        let pause = fault.interval().mul_f64(0.5 + rng.f64());
        if stopped.within(pause).await {
            return count;
        }
        once(count).await;
        count += 1;
    }
}

async fn kill(stack: &Stack, count: usize) {
    let all = stack.processes_of("").await;
    let victim = all.iter().find(|process| process.is_busy());
    let any = all.get(count % all.len().max(1));
    if let Some(process) = victim.or(any) {
        process.kill();
    }
}

async fn stop_broker(stack: &Stack, count: usize) {
    for process in stack.descendants("beam.smp").await {
        if count % 3 == 2 {
            process.signal("KILL");
        } else {
            process.signal("STOP");
            // Sleeps because the fault lasts that long.
            sleep(Duration::from_secs(3)).await;
            process.signal("CONT");
        }
    }
}

async fn hold_database(stack: &Stack, count: usize) {
    let mode = if count.is_multiple_of(2) {
        Mode::Cut
    } else {
        Mode::Frozen
    };
    let _outage = stack.database().hold(mode);
    // Sleeps because the fault lasts that long.
    sleep(Duration::from_secs(1)).await;
}

async fn toggle_disconnects(stack: &Stack, count: usize) {
    stack.drop_disconnect_events(count.is_multiple_of(2)).await;
}
