//! What breaks while people talk.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::over::Over;
use crate::dice::Dice;
use crate::stack::{Mode, Stack};

/// Something that breaks now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Each person's network is gone for two seconds about every ten; every
    /// other time the service is not told.
    Cuts,
    /// A process of a function is killed with -9, a busy one if there is one.
    Kills,
    /// RabbitMQ is stopped for a while, and killed with -9 every third time.
    Broker,
    /// The database's connections are cut, or frozen, for a second.
    Database,
    /// API Gateway forgets to tell that sockets have closed.
    Disconnects,
}

impl Fault {
    /// All of them.
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

    /// About how long it is from one to the next.
    fn pace(self) -> Duration {
        Duration::from_millis(match self {
            Self::Cuts => 10_000,
            Self::Kills => 1_500,
            Self::Broker => 20_000,
            Self::Database => 12_000,
            Self::Disconnects => 8_000,
        })
    }
}

/// What broke, and how often.
pub(super) type Broken = (Fault, usize);

/// Breaks things until it is over, and mends what is broken then. The people cut
/// their own networks.
pub(super) fn begin(
    stack: &Arc<Stack>,
    faults: &BTreeSet<Fault>,
    dice: &mut Dice,
    over: &Over,
) -> JoinSet<Broken> {
    let mut breaking = JoinSet::new();
    for &fault in faults {
        let (stack, over, dice) = (Arc::clone(stack), over.clone(), dice.another());
        breaking.spawn(async move {
            let count = match fault {
                Fault::Cuts => 0,
                Fault::Kills => repeat(fault, dice, over, |n| kill(&stack, n)).await,
                Fault::Broker => repeat(fault, dice, over, |n| stop_broker(&stack, n)).await,
                Fault::Database => repeat(fault, dice, over, |n| hold_database(&stack, n)).await,
                Fault::Disconnects => {
                    repeat(fault, dice, over, |n| forget_disconnects(&stack, n)).await
                }
            };
            if fault == Fault::Disconnects {
                stack.drop_disconnect_events(false).await;
            }
            (fault, count)
        });
    }
    breaking
}

/// Breaks something again and again; how often.
async fn repeat<F: Future<Output = ()>>(
    fault: Fault,
    mut dice: Dice,
    mut over: Over,
    mut once: impl FnMut(usize) -> F,
) -> usize {
    let mut count = 0;
    loop {
        let pause = fault.pace().mul_f64(0.5 + dice.fraction());
        if over.within(pause).await {
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
            // Sleeps because that is how long it is stopped.
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
    let _away = stack.database().hold(mode);
    // Sleeps because that is how long it is away.
    sleep(Duration::from_secs(1)).await;
}

async fn forget_disconnects(stack: &Stack, count: usize) {
    stack.drop_disconnect_events(count.is_multiple_of(2)).await;
}
