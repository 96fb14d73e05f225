//! A user who sends and receives messages.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::stop::Stopped;
use super::view::{self, Sent, View};
use crate::people::{Cut, Device, Person};
use fastrand::Rng;

/// A user with this many unacknowledged messages pauses.
const PENDING_MOST: usize = 20;
/// The duration of a network cut.
const DOWN: Duration = Duration::from_secs(2);
/// The least and greatest time between cuts, in milliseconds.
const UP: (usize, usize) = (4_000, 12_000);

/// A user with a device.
pub(super) struct Talker {
    number: u32,
    rooms: Vec<String>,
    device: Arc<Device>,
    view: Arc<Mutex<View>>,
    sent: Arc<AtomicUsize>,
    cuts: Arc<AtomicUsize>,
    rng: Mutex<Rng>,
    tasks: tokio::sync::Mutex<JoinSet<()>>,
}

impl Talker {
    pub(super) fn start(number: usize, person: Person, rooms: &[String], mut rng: Rng) -> Self {
        let view = Arc::new(Mutex::new(View::of(number)));
        let looking = Arc::clone(&view);
        let device = Device::start(person, rng.fork(), move |chat| {
            let mut view = looking.lock().expect("looking does not panic");
            view.look(chat);
        });
        Self {
            number: u32::try_from(number).expect("there are fewer people"),
            rooms: rooms.to_vec(),
            device: Arc::new(device),
            view,
            sent: Arc::default(),
            cuts: Arc::default(),
            rng: Mutex::new(rng),
            tasks: tokio::sync::Mutex::default(),
        }
    }

    /// Sends a message every `pace`, and cuts the network if `is_cut`, until the stop
    /// signal.
    pub(super) fn talk(&self, pace: Duration, is_cut: bool, stopped: &Stopped) {
        let mut rng = self.rng.lock().expect("there is no other user of it");
        let mut tasks = self.tasks.try_lock().expect("it is not locked yet");
        tasks.spawn(send(
            Arc::clone(&self.device),
            Arc::clone(&self.view),
            self.rooms.clone(),
            (self.number, Arc::clone(&self.sent)),
            (pace, stopped.clone()),
            rng.fork(),
        ));
        if is_cut {
            tasks.spawn(cut_repeatedly(
                Arc::clone(&self.device),
                Arc::clone(&self.cuts),
                stopped.clone(),
                rng.fork(),
            ));
        }
    }

    /// Waits until all messages are handed to the device.
    pub(super) async fn finish_sending(&self) {
        while self.tasks.lock().await.join_next().await.is_some() {}
    }

    /// The number of messages that this user has sent.
    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// The number of network cuts.
    pub(super) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }

    /// The number of messages received from others.
    pub(super) fn delivered(&self) -> usize {
        self.view().deliveries.len()
    }

    /// Whether no message is pending and every room has the expected number of
    /// messages.
    pub(super) fn is_quiet(&self, expected: impl Fn(&str) -> usize) -> bool {
        let view = self.view();
        view.waiting == 0
            && view.loaded == self.rooms.len()
            && view
                .rooms
                .iter()
                .all(|(room, seen)| seen.len() >= expected(room))
    }

    pub(super) fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().expect("looking does not panic")
    }
}

async fn send(
    device: Arc<Device>,
    view: Arc<Mutex<View>>,
    rooms: Vec<String>,
    (person, count): (u32, Arc<AtomicUsize>),
    (pace, mut stopped): (Duration, Stopped),
    mut rng: Rng,
) {
    // Spread the start over one interval.
    stopped.within(pace.mul_f64(rng.f64())).await;
    let mut turns = interval(pace);
    turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut number = 0;
    while stopped.before(turns.tick()).await.is_some() {
        if view.lock().expect("looking does not panic").waiting >= PENDING_MOST {
            continue;
        }
        number += 1;
        let id = view::id(Sent { person, number });
        let room = rooms[rng.usize(..rooms.len())].clone();
        device
            .change(move |chat| {
                let text = view::text(&id);
                let sent = chat.send(&room, id, &text, crate::wait::now());
                ((), sent.expect("the user is a member of the room"))
            })
            .await;
        count.fetch_add(1, Ordering::Relaxed);
    }
}

async fn cut_repeatedly(
    device: Arc<Device>,
    count: Arc<AtomicUsize>,
    mut stopped: Stopped,
    mut rng: Rng,
) {
    let (least, most) = UP;
    loop {
        let up = Duration::from_millis((least + rng.usize(..most - least)) as u64);
        if stopped.within(up).await {
            return;
        }
        device.cut(Cut {
            lasts: DOWN,
            is_silent: rng.bool(),
        });
        count.fetch_add(1, Ordering::Relaxed);
        stopped.within(DOWN).await;
    }
}
