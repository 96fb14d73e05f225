//! A soak test of message delivery: users send at a steady rate while faults are
//! injected, a third of the turns being edits, deletions and reactions. At the end each
//! user's view is compared with the message log, and the loaded messages field by field.

mod faults;
mod latency;
pub mod presence;
mod stop;
mod talker;
mod verdict;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use tokio::time::{Instant, interval};

use crate::people::Person;
use crate::stack::Stack;
use crate::wait::within;
use fastrand::Rng;

pub use faults::Fault;
pub use verdict::Verdict;

use talker::Talker;
use verdict::Log;
use view::View;

/// Registrations in parallel; each costs a password hash.
const SIGN_UPS: usize = 4;
/// How long delivery may take to complete after the last fault.
const SETTLING: Duration = Duration::from_secs(90);

/// The parameters of a run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub people: usize,
    /// The number of rooms; every user is a member of each.
    pub rooms: usize,
    /// Messages per second of all users together.
    pub rate: f64,
    pub until: Until,
    /// The seed of all random choices.
    pub seed: u64,
    pub faults: BTreeSet<Fault>,
}

#[derive(Debug, Clone, Copy)]
pub enum Until {
    Time(Duration),
    /// After a number of deliveries.
    Deliveries(usize),
}

/// Runs a plan against a stack whose database is behind a proxy. `progress` receives
/// a line from time to time.
pub async fn run(stack: &Arc<Stack>, plan: &Plan, progress: impl Fn(String)) -> Verdict {
    let mut rng = Rng::with_seed(plan.seed);
    let (people, rooms) = gather(stack, plan).await;
    progress(format!(
        "{} users are in {} rooms",
        people.len(),
        rooms.len()
    ));
    let _expected = stack.journal.expect_errors();
    let talkers: Vec<Talker> = people
        .iter()
        .enumerate()
        .map(|(number, person)| Talker::start(number, person.clone(), &rooms, rng.fork()))
        .collect();
    settle(&talkers, |_| 0, SETTLING).await;

    let (stop, stopped) = stop::pair();
    let injecting = faults::begin(stack, &plan.faults, &mut rng, &stopped);
    let began = Instant::now();
    let pace = Duration::from_secs_f64(plan.people as f64 / plan.rate);
    for talker in &talkers {
        talker.talk(pace, plan.faults.contains(&Fault::Cuts), &stopped);
    }
    wait_for_end(&talkers, plan.until, began, &progress).await;
    let talked = began.elapsed();
    stop.signal();
    let injected = injecting.join_all().await;
    for talker in &talkers {
        talker.finish_sending().await;
    }

    let log = Log::read(&people[0], &rooms).await;
    let settled = settle(&talkers, |room| log.count(room), SETTLING).await;
    progress(format!(
        "all messages arrived after {:.1} s more",
        (began.elapsed() - talked).as_secs_f64()
    ));
    let log = Log::read(&people[0], &rooms).await;
    let sent: Vec<usize> = talkers.iter().map(Talker::sent).collect();
    let changes = talkers.iter().map(Talker::changes).sum();
    let differing = differing(&talkers, SETTLING).await;
    let views: Vec<_> = talkers.iter().map(Talker::view).collect();
    let views: Vec<&View> = views.iter().map(|view| &**view).collect();
    let cuts = talkers.iter().map(Talker::cuts).sum();
    Verdict::of(&sent, &views, &log)
        .with_changes(changes, differing)
        .after(talked, settled, cuts, injected)
}

/// How many loaded messages differ from those of the service, when no more changes are
/// on their way or the time is over.
async fn differing(talkers: &[Talker], limit: Duration) -> usize {
    let count = || async {
        let mut differing = 0;
        for talker in talkers {
            differing += talker.differing().await;
        }
        differing
    };
    let none = || async { (count().await == 0).then_some(()) };
    match within(limit, none).await {
        Some(()) => 0,
        None => count().await,
    }
}

/// Registers users and adds them to rooms.
async fn gather(stack: &Arc<Stack>, plan: &Plan) -> (Vec<Person>, Vec<String>) {
    let people: Vec<Person> = iter(0..plan.people)
        .map(|number| async move { Person::join(stack, &format!("Talker{number}")).await })
        .buffered(SIGN_UPS)
        .collect()
        .await;
    let others: Vec<&Person> = people[1..].iter().collect();
    let mut rooms = Vec::new();
    for number in 0..plan.rooms {
        let name = format!("Room {number}");
        rooms.push(people[0].create_group(&name, &others).await);
    }
    (people, rooms)
}

/// Waits until sending ends; reports progress every ten seconds.
async fn wait_for_end(
    talkers: &[Talker],
    until: Until,
    began: Instant,
    progress: &impl Fn(String),
) {
    let delivered = || talkers.iter().map(Talker::delivered).sum::<usize>();
    let mut ticks = interval(Duration::from_millis(200));
    let mut reported = began;
    loop {
        ticks.tick().await;
        let is_over = match until {
            Until::Time(time) => began.elapsed() >= time,
            Until::Deliveries(count) => delivered() >= count,
        };
        if is_over {
            return;
        }
        if reported.elapsed() >= Duration::from_secs(10) {
            reported = Instant::now();
            progress(format!(
                "after {:.0} s: {} sent, {} delivered",
                began.elapsed().as_secs_f64(),
                talkers.iter().map(Talker::sent).sum::<usize>(),
                delivered()
            ));
        }
    }
}

/// Waits until no message is pending and every user has all messages; whether that
/// happened in time.
async fn settle(talkers: &[Talker], expected: impl Fn(&str) -> usize, limit: Duration) -> bool {
    let is_quiet = || async {
        let quiet = talkers.iter().all(|talker| talker.is_quiet(&expected));
        quiet.then_some(())
    };
    within(limit, is_quiet).await.is_some()
}
