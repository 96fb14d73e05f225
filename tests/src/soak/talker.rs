//! One person who talks and listens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::over::Over;
use super::view::{self, Said, View};
use crate::dice::Dice;
use crate::people::{Cut, Device, Person};

/// Who has so much unacknowledged waits before saying more, as people do.
const PENDING_MOST: usize = 20;
/// How long a cut lasts.
const DOWN: Duration = Duration::from_secs(2);
/// How long it is until the next, at least and at most, in milliseconds.
const UP: (usize, usize) = (4_000, 12_000);

/// A person with a device.
pub(super) struct Talker {
    number: u32,
    rooms: Vec<String>,
    device: Arc<Device>,
    view: Arc<Mutex<View>>,
    said: Arc<AtomicUsize>,
    cuts: Arc<AtomicUsize>,
    dice: Mutex<Dice>,
    at_work: tokio::sync::Mutex<JoinSet<()>>,
}

impl Talker {
    pub(super) fn start(number: usize, person: Person, rooms: &[String], mut dice: Dice) -> Self {
        let view = Arc::new(Mutex::new(View::of(number)));
        let looking = Arc::clone(&view);
        let device = Device::start(person, dice.another(), move |chat| {
            let mut view = looking.lock().expect("a look does not panic");
            view.look(chat);
        });
        Self {
            number: u32::try_from(number).expect("there are fewer people"),
            rooms: rooms.to_vec(),
            device: Arc::new(device),
            view,
            said: Arc::default(),
            cuts: Arc::default(),
            dice: Mutex::new(dice),
            at_work: tokio::sync::Mutex::default(),
        }
    }

    /// Says something each `pace`, and loses the network now and then, until it
    /// is over.
    pub(super) fn talk(&self, pace: Duration, is_cut: bool, over: &Over) {
        let mut dice = self.dice.lock().expect("nobody else throws");
        let mut at_work = self.at_work.try_lock().expect("nobody waits for it yet");
        at_work.spawn(say(
            Arc::clone(&self.device),
            Arc::clone(&self.view),
            self.rooms.clone(),
            (self.number, Arc::clone(&self.said)),
            (pace, over.clone()),
            dice.another(),
        ));
        if is_cut {
            at_work.spawn(be_cut(
                Arc::clone(&self.device),
                Arc::clone(&self.cuts),
                over.clone(),
                dice.another(),
            ));
        }
    }

    /// Waits until what this person was about to say is said.
    pub(super) async fn fall_silent(&self) {
        while self.at_work.lock().await.join_next().await.is_some() {}
    }

    /// How many messages this person has said.
    pub(super) fn said(&self) -> usize {
        self.said.load(Ordering::Relaxed)
    }

    /// How often the network was gone.
    pub(super) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }

    /// How many messages of others this person has seen.
    pub(super) fn delivered(&self) -> usize {
        self.view().deliveries.len()
    }

    /// Whether nothing is on its way and as many messages are here as there are.
    pub(super) fn is_quiet(&self, there_are: impl Fn(&str) -> usize) -> bool {
        let view = self.view();
        view.waiting == 0
            && view.loaded == self.rooms.len()
            && view
                .rooms
                .iter()
                .all(|(room, seen)| seen.len() >= there_are(room))
    }

    pub(super) fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().expect("a look does not panic")
    }
}

async fn say(
    device: Arc<Device>,
    view: Arc<Mutex<View>>,
    rooms: Vec<String>,
    (person, count): (u32, Arc<AtomicUsize>),
    (pace, mut over): (Duration, Over),
    mut dice: Dice,
) {
    // Not all begin at the same moment.
    over.within(pace.mul_f64(dice.fraction())).await;
    let mut turns = interval(pace);
    turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut number = 0;
    while over.before(turns.tick()).await.is_some() {
        if view.lock().expect("a look does not panic").waiting >= PENDING_MOST {
            continue;
        }
        number += 1;
        let id = view::id(Said { person, number });
        let room = rooms[dice.below(rooms.len())].clone();
        device
            .change(move |chat| {
                let text = view::text(&id);
                let said = chat.say(&room, id, &text, crate::wait::now());
                ((), said.expect("a text for a room that one is in"))
            })
            .await;
        count.fetch_add(1, Ordering::Relaxed);
    }
}

async fn be_cut(device: Arc<Device>, count: Arc<AtomicUsize>, mut over: Over, mut dice: Dice) {
    let (least, most) = UP;
    loop {
        let up = Duration::from_millis((least + dice.below(most - least)) as u64);
        if over.within(up).await {
            return;
        }
        device.cut(Cut {
            lasts: DOWN,
            is_silent: dice.coin(),
        });
        count.fetch_add(1, Ordering::Relaxed);
        over.within(DOWN).await;
    }
}
