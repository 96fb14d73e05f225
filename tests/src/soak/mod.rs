//! The proof that nothing is lost: people in rooms talk at a steady rate while
//! everything between them breaks, and at the end each person's view is compared
//! with the log.

mod faults;
mod figures;
mod over;
mod talker;
mod verdict;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use tokio::time::{Instant, interval};

use crate::dice::Dice;
use crate::people::Person;
use crate::stack::Stack;
use crate::wait::within;

pub use faults::Fault;
pub use verdict::Verdict;

use talker::Talker;
use verdict::Log;
use view::View;

/// How many sign up at the same time: each costs a password hash.
const SIGN_UPS: usize = 4;
/// How long everybody has to hear everything once nothing breaks any more.
const SETTLING: Duration = Duration::from_secs(90);

/// Who talks, how much, and what breaks meanwhile.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many people there are.
    pub people: usize,
    /// How many rooms there are; everybody is in each.
    pub rooms: usize,
    /// How many messages a second all people together say.
    pub rate: f64,
    /// How long they talk.
    pub until: Until,
    /// What decides by chance: who says what where, and what breaks when.
    pub seed: u64,
    /// What breaks.
    pub faults: BTreeSet<Fault>,
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// After a time.
    Time(Duration),
    /// After so many deliveries.
    Deliveries(usize),
}

/// Runs a plan against a stack whose database is behind a proxy. `tell` hears
/// now and then how it goes.
pub async fn run(stack: &Arc<Stack>, plan: &Plan, tell: impl Fn(String)) -> Verdict {
    let mut dice = Dice::new(plan.seed);
    let (people, rooms) = gather(stack, plan).await;
    tell(format!(
        "{} people are in {} rooms",
        people.len(),
        rooms.len()
    ));
    let _expected = stack.journal.outage();
    let talkers: Vec<Talker> = people
        .iter()
        .enumerate()
        .map(|(number, person)| Talker::start(number, person.clone(), &rooms, dice.another()))
        .collect();
    settle(&talkers, |_| 0, SETTLING).await;

    let (end, over) = over::pair();
    let breaking = faults::begin(stack, &plan.faults, &mut dice, &over);
    let began = Instant::now();
    let pace = Duration::from_secs_f64(plan.people as f64 / plan.rate);
    for talker in &talkers {
        talker.talk(pace, plan.faults.contains(&Fault::Cuts), &over);
    }
    last(&talkers, plan.until, began, &tell).await;
    let talked = began.elapsed();
    end.tell();
    let broken = breaking.join_all().await;
    for talker in &talkers {
        talker.fall_silent().await;
    }

    let log = Log::read(&people[0], &rooms).await;
    let settled = settle(&talkers, |room| log.count(room), SETTLING).await;
    tell(format!(
        "everybody was quiet after {:.1} s more",
        (began.elapsed() - talked).as_secs_f64()
    ));
    let log = Log::read(&people[0], &rooms).await;
    let said: Vec<usize> = talkers.iter().map(Talker::said).collect();
    let views: Vec<_> = talkers.iter().map(Talker::view).collect();
    let views: Vec<&View> = views.iter().map(|view| &**view).collect();
    let cuts = talkers.iter().map(Talker::cuts).sum();
    Verdict::of(&said, &views, &log).after(talked, settled, cuts, broken)
}

/// Signs people up and brings them into rooms.
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

/// Waits until it is time to stop, and tells how it goes every ten seconds.
async fn last(talkers: &[Talker], until: Until, began: Instant, tell: &impl Fn(String)) {
    let delivered = || talkers.iter().map(Talker::delivered).sum::<usize>();
    let mut glances = interval(Duration::from_millis(200));
    let mut told = began;
    loop {
        glances.tick().await;
        let is_over = match until {
            Until::Time(time) => began.elapsed() >= time,
            Until::Deliveries(count) => delivered() >= count,
        };
        if is_over {
            return;
        }
        if told.elapsed() >= Duration::from_secs(10) {
            told = Instant::now();
            tell(format!(
                "after {:.0} s: {} said, {} delivered",
                began.elapsed().as_secs_f64(),
                talkers.iter().map(Talker::said).sum::<usize>(),
                delivered()
            ));
        }
    }
}

/// Waits until nothing is on its way and everybody has as many messages as there
/// are; whether that came about in time.
async fn settle(talkers: &[Talker], there_are: impl Fn(&str) -> usize, limit: Duration) -> bool {
    let is_quiet = || async {
        let quiet = talkers.iter().all(|talker| talker.is_quiet(&there_are));
        quiet.then_some(())
    };
    within(limit, is_quiet).await.is_some()
}
