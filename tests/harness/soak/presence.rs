//! A soak test of presence: people come and go, and what each device shows of the
//! others is compared with what is true.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat_client::{Chat, Link};
use fastrand::Rng;
use futures_util::StreamExt;
use futures_util::stream::iter;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use super::stop::{self, StopSignal};
use super::{SIGN_UPS, faults};
use crate::people::{Cut, Device, Person};
use crate::soak::Fault;
use crate::stack::Stack;
use crate::wait::within;

/// The time between two comparisons.
const EVERY: Duration = Duration::from_secs(10);
/// How long a change may take to reach the others, and a device to read its rooms.
const DELIVERY: Duration = Duration::from_secs(15);
/// The lease, twice the tolerance of the clients, and the delivery.
const LEASE: Duration = Duration::from_secs(300 + 2 * 15 + 15);
/// How long the views may take to agree after the last change.
const SETTLING: Duration = LEASE;
/// The time between two absences, in seconds.
const PRESENT: (u64, u64) = (20, 90);
/// The length of an absence, in seconds. Each tenth outlasts the lease.
const ABSENT: (u64, u64) = (3, 40);
const LONG_ABSENCE: Duration = Duration::from_secs(400);

/// The parameters of a run.
#[derive(Debug, Clone)]
pub struct PresencePlan {
    pub people: usize,
    /// The number of rooms; every user is in one.
    pub rooms: usize,
    pub time: Duration,
    /// The seed of all random choices.
    pub seed: u64,
}

/// The result of a run.
#[derive(Debug, Default)]
pub struct PresenceVerdict {
    comparisons: usize,
    /// Pairs of a device and another user of its room that were compared.
    pairs: usize,
    absences: usize,
    /// Present users who were shown as absent.
    missing: usize,
    /// Absent users who were shown as present, within their lease.
    lingering: usize,
    /// The same after their lease.
    stale: usize,
    /// Pairs that still disagree at the end.
    unsettled: usize,
}

impl PresenceVerdict {
    /// Whether no user was shown wrongly for longer than the contract allows.
    pub fn is_clean(&self) -> bool {
        self.pairs > 0 && self.missing + self.stale + self.unsettled == 0
    }
}

impl fmt::Display for PresenceVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "comparisons       {}", self.comparisons)?;
        writeln!(f, "pairs             {}", self.pairs)?;
        writeln!(f, "absences          {}", self.absences)?;
        writeln!(f, "present, not shown             {}", self.missing)?;
        writeln!(f, "absent, shown within the lease {}", self.lingering)?;
        writeln!(f, "absent, shown after the lease  {}", self.stale)?;
        write!(f, "wrong at the end               {}", self.unsettled)
    }
}

/// A user, and what their device shows.
struct Participant {
    id: String,
    room: usize,
    device: Device,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug)]
struct Seen {
    is_live: bool,
    since: Instant,
    shown: BTreeSet<String>,
}

impl Participant {
    /// Starts the device of a user, which shows `shown_room`.
    async fn start(person: Person, room: usize, shown_room: String, rng: Rng) -> Self {
        let seen = Arc::new(Mutex::new(Seen {
            is_live: false,
            since: Instant::now(),
            shown: BTreeSet::new(),
        }));
        let looking = Arc::clone(&seen);
        let id = person.id.clone();
        let device = Device::start(person, rng, move |chat| {
            let mut seen = looking.lock().expect("looking does not panic");
            let is_live = chat.link == Link::Live;
            if seen.is_live != is_live {
                seen.is_live = is_live;
                seen.since = Instant::now();
            }
            let rooms = chat.rooms.values();
            let shown = rooms.flat_map(|room| room.presence.users());
            seen.shown = shown.map(str::to_owned).collect();
        });
        let open = move |chat: &mut Chat| ((), chat.open(&shown_room));
        device.change(open).await;
        Self {
            id,
            room,
            device,
            seen,
        }
    }

    /// Whether the device has a socket, and for how long that is so.
    fn state(&self) -> (bool, Duration) {
        let seen = self.seen.lock().expect("looking does not panic");
        (seen.is_live, seen.since.elapsed())
    }

    fn shows(&self, user: &str) -> bool {
        let seen = self.seen.lock().expect("looking does not panic");
        seen.shown.contains(user)
    }
}

/// Runs a plan. `progress` receives a line from time to time.
pub async fn run(
    stack: &Arc<Stack>,
    plan: &PresencePlan,
    progress: impl Fn(String),
) -> PresenceVerdict {
    let mut rng = Rng::with_seed(plan.seed);
    let _expected = stack.journal.expect_errors();
    let people = gather(stack, plan, &mut rng).await;
    progress(format!("{} users in {} rooms", people.len(), plan.rooms));
    let all_live = || async { people.iter().all(|one| one.state().0).then_some(()) };
    within(SETTLING, all_live).await;

    let (stop, stopped) = stop::pair();
    let injecting = faults::begin(stack, &[Fault::Disconnects].into(), &mut rng, &stopped);
    let people = Arc::new(people);
    let mut absences = JoinSet::new();
    for number in 0..people.len() {
        let people = Arc::clone(&people);
        absences.spawn(come_and_go(people, number, stopped.clone(), rng.fork()));
    }
    let mut verdict = PresenceVerdict::default();
    let began = Instant::now();
    let mut ticks = interval(EVERY);
    while began.elapsed() < plan.time {
        ticks.tick().await;
        verdict.compare(&people);
        progress(format!(
            "after {:.0} s: {} pairs, {} missing, {} lingering, {} stale",
            began.elapsed().as_secs_f64(),
            verdict.pairs,
            verdict.missing,
            verdict.lingering,
            verdict.stale
        ));
    }
    stop.signal();
    injecting.join_all().await;
    verdict.absences = absences.join_all().await.into_iter().sum();
    let agree = || async { (unsettled(&people) == 0).then_some(()) };
    within(LONG_ABSENCE + SETTLING, agree).await;
    verdict.unsettled = unsettled(&people);
    verdict
}

/// Registers users, and adds each to one room.
async fn gather(stack: &Arc<Stack>, plan: &PresencePlan, rng: &mut Rng) -> Vec<Participant> {
    let people: Vec<Person> = iter(0..plan.people)
        .map(|number| async move { Person::join(stack, &format!("P{number}")).await })
        .buffered(SIGN_UPS)
        .collect()
        .await;
    let mut rooms = Vec::new();
    for room in 0..plan.rooms {
        let members: Vec<&Person> = people.iter().skip(room).step_by(plan.rooms).collect();
        let Some((owner, others)) = members.split_first() else {
            continue;
        };
        rooms.push(owner.create_group(&format!("Room {room}"), others).await);
    }
    let mut participants = Vec::new();
    for (number, person) in people.into_iter().enumerate() {
        let room = number % plan.rooms;
        let shown_room = rooms[room].clone();
        participants.push(Participant::start(person, room, shown_room, rng.fork()).await);
    }
    participants
}

/// Loses the network of a user again and again; returns how often.
async fn come_and_go(
    people: Arc<Vec<Participant>>,
    number: usize,
    mut stopped: StopSignal,
    mut rng: Rng,
) -> usize {
    let mut seconds = |(least, most)| Duration::from_secs(rng.u64(least..most));
    let mut count: usize = 0;
    while !stopped.within(seconds(PRESENT)).await {
        count += 1;
        let lasts = match (count + number).is_multiple_of(10) {
            true => LONG_ABSENCE,
            false => seconds(ABSENT),
        };
        people[number].device.cut(Cut {
            lasts,
            is_silent: count.is_multiple_of(2),
        });
        stopped.within(lasts).await;
    }
    count
}

impl PresenceVerdict {
    fn compare(&mut self, people: &[Participant]) {
        self.comparisons += 1;
        for (observer, other) in pairs(people) {
            self.pairs += 1;
            let (is_present, since) = other.state();
            match (is_present, observer.shows(&other.id)) {
                (true, false) => self.missing += usize::from(since > DELIVERY),
                (false, true) if since > LEASE => self.stale += 1,
                (false, true) => self.lingering += 1,
                _ => {}
            }
        }
    }
}

/// Pairs that disagree now.
fn unsettled(people: &[Participant]) -> usize {
    let wrong = |(observer, other): &(&Participant, &Participant)| {
        observer.shows(&other.id) != other.state().0
    };
    pairs(people).filter(wrong).count()
}

/// Each device that has had a socket for a while, with each other user of its room.
fn pairs(people: &[Participant]) -> impl Iterator<Item = (&Participant, &Participant)> {
    let observers = people.iter().filter(|one| {
        let (is_live, since) = one.state();
        is_live && since > DELIVERY
    });
    observers.flat_map(|observer| {
        let others = people.iter();
        let others = others.filter(|one| one.room == observer.room && one.id != observer.id);
        others.map(move |other| (observer, other))
    })
}
