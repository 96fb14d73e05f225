//! A user who sends and receives messages.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chat_client::protocol::Message;
use chat_client::protocol::http::Page;
use chat_client::{Chat, Effect, Log};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::stop::StopSignal;
use super::view::{self, Sent, View};
use crate::people::{Cut, Device, Person};
use fastrand::Rng;

/// A user with this many unacknowledged messages pauses.
const PENDING_MOST: usize = 20;
/// The duration of a network cut.
const DOWN: Duration = Duration::from_secs(2);
/// The least and greatest time between cuts, in milliseconds.
const UP: (usize, usize) = (4_000, 12_000);

/// One turn of so many is a change, and the others are messages.
const TURNS_PER_CHANGE: u32 = 3;
/// The emoji of the reactions.
const EMOJI: [&str; 3] = ["👍", "🎉", "😀"];

/// A user with a device.
pub(super) struct Talker {
    number: u32,
    person: Person,
    rooms: Vec<String>,
    device: Arc<Device>,
    view: Arc<Mutex<View>>,
    sent: Arc<Sending>,
    cuts: Arc<AtomicUsize>,
    rng: Mutex<Rng>,
    tasks: tokio::sync::Mutex<JoinSet<()>>,
}

/// What a user has sent.
#[derive(Default)]
struct Sending {
    messages: AtomicUsize,
    changes: AtomicUsize,
}

impl Talker {
    pub(super) fn start(number: usize, person: Person, rooms: &[String], mut rng: Rng) -> Self {
        let view = Arc::new(Mutex::new(View::of(number)));
        let looking = Arc::clone(&view);
        let device = Device::start(person.clone(), rng.fork(), move |chat| {
            let mut view = looking.lock().expect("looking does not panic");
            view.look(chat);
        });
        Self {
            number: u32::try_from(number).expect("there are fewer people"),
            person,
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
    pub(super) fn talk(&self, pace: Duration, is_cut: bool, stopped: &StopSignal) {
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
        self.sent.messages.load(Ordering::Relaxed)
    }

    /// The number of edits, deletions and reactions of this user.
    pub(super) fn changes(&self) -> usize {
        self.sent.changes.load(Ordering::Relaxed)
    }

    /// Compares the loaded messages with those of the service, field by field, and
    /// returns how many differ or are missing.
    pub(super) async fn differing(&self) -> usize {
        let mut differing = 0;
        for room in &self.rooms {
            let page = self.person.history(room, "limit=50").await.expect(200);
            let page: Page = serde_json::from_value(page.body).expect("it is a page");
            let id = room.clone();
            let loaded: Vec<Message> = self
                .device
                .change(move |chat| {
                    let log = chat.rooms.get(&id).map(|room| &room.log);
                    let messages = log.into_iter().flat_map(Log::messages);
                    (messages.cloned().collect(), Vec::new())
                })
                .await;
            let missing = page.messages.len().saturating_sub(loaded.len());
            let pairs = page.messages.iter().rev().zip(loaded.iter().rev());
            differing += missing + pairs.filter(|(stored, seen)| stored != seen).count();
        }
        differing
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
    (person, sent): (u32, Arc<Sending>),
    (pace, mut stopped): (Duration, StopSignal),
    mut rng: Rng,
) {
    // Spread the start over one interval.
    stopped.within(pace.mul_f64(rng.f64())).await;
    let mut turns = interval(pace);
    turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut number, mut changes) = (0, 0);
    while stopped.before(turns.tick()).await.is_some() {
        if view.lock().expect("looking does not panic").waiting >= PENDING_MOST {
            continue;
        }
        let room = rooms[rng.usize(..rooms.len())].clone();
        if rng.u32(..TURNS_PER_CHANGE) == 0 {
            let (id, rng) = (changes + 1, rng.fork());
            if device
                .change(move |chat| change(chat, &room, id, rng))
                .await
            {
                changes += 1;
                sent.changes.fetch_add(1, Ordering::Relaxed);
            }
            continue;
        }
        number += 1;
        let id = view::id(Sent { person, number });
        device
            .change(move |chat| {
                let text = view::text(&id);
                let sent = chat.send(&room, id, &text, crate::wait::now());
                ((), sent.expect("the user is a member of the room"))
            })
            .await;
        sent.messages.fetch_add(1, Ordering::Relaxed);
    }
}

/// Reacts to a loaded message, or edits or deletes an own one; whether there was one.
fn change(chat: &mut Chat, room: &str, number: u32, mut rng: Rng) -> (bool, Vec<Effect>) {
    let now = crate::wait::now();
    let Some((me, known)) = chat.me.clone().zip(chat.rooms.get(room)) else {
        return (false, Vec::new());
    };
    let mut messages: Vec<Message> = known
        .log
        .messages()
        .map(|message| known.with_pending(message, &me))
        .filter(|message| message.deleted.is_none())
        .collect();
    let what = rng.u32(..10);
    if what >= 6 {
        messages.retain(|message| message.from.id == me.id);
    }
    if messages.is_empty() {
        return (false, Vec::new());
    }
    let message = messages.swap_remove(rng.usize(..messages.len()));
    let (seq, id) = (message.seq, format!("change-{number}"));
    let changed = match what {
        0..6 => {
            let emoji = EMOJI[rng.usize(..EMOJI.len())];
            let reaction = message.reactions.iter().find(|one| one.emoji == emoji);
            let is_on = reaction.is_some_and(|reaction| reaction.mine);
            chat.react(room, seq, id, (emoji, !is_on), now)
        }
        6..9 => chat.edit(room, seq, id, &view::edited(&message.text, number), now),
        _ => chat.delete(room, seq, id, now),
    };
    (true, changed.expect("the user is a member of the room"))
}

async fn cut_repeatedly(
    device: Arc<Device>,
    count: Arc<AtomicUsize>,
    mut stopped: StopSignal,
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
