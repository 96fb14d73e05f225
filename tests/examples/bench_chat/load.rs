//! One room, its sockets, and messages at a steady rate.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::figures::Figures;
use crate::parts::Parts;
use crate::receiver::{Receiver, Tally};

/// How long stragglers are waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is sent before anything counts.
const WARM_UP: u32 = 20;

/// A chat server to be measured.
pub trait Server {
    /// Its name in the table.
    fn name(&self) -> &'static str;
    /// A room with so many open sockets.
    async fn enter(&self, sockets: usize) -> anyhow::Result<Room>;
    /// The frame that says `text` under `id`.
    fn say(&self, room: &Room, id: &str, text: &str) -> String;
    /// The processor time that its parts have used so far.
    async fn used(&self) -> Parts;
    /// The commands that its database has run so far, if it has one.
    async fn commands(&self) -> anyhow::Result<Option<i64>>;
}

/// The sockets of a room; any of them may speak.
pub struct Room {
    /// Its id.
    pub id: String,
    /// Those whose person differs, so that no limit per person is met.
    pub speakers: usize,
    /// Every socket.
    pub sockets: Vec<Receiver>,
    /// What they heard.
    pub tally: Tally,
    /// How many messages were sent in all.
    pub sent: usize,
}

/// How much is said.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Messages a second.
    pub rate: u32,
    /// For how long.
    pub time: Duration,
}

/// Says as much as the plan wants, whatever is heard of it, and waits for what
/// is still under way.
pub async fn run(server: &impl Server, room: &mut Room, plan: Plan) -> anyhow::Result<Figures> {
    talk(server, room, plan.rate.min(20), WARM_UP).await?;
    room.tally.forget();
    let (used, commands) = (server.used().await, server.commands().await?);
    let own = Parts::of_this_process();
    let messages = plan.rate * u32::try_from(plan.time.as_secs())?;
    let begin = Instant::now();
    let complete = talk(server, room, plan.rate, messages).await?;
    let took = begin.elapsed();
    let used = server.used().await.since(&used);
    let commands = match (server.commands().await?, commands) {
        (Some(after), Some(before)) => Some(after - before),
        _ => None,
    };
    Ok(Figures {
        messages: messages as usize,
        rate: plan.rate,
        took,
        complete,
        acks: room.tally.acks(),
        deliveries: room.tally.deliveries(),
        used,
        receivers: Parts::of_this_process().since(&own).total(),
        commands,
    })
}

/// Sends so many messages at a rate; whether all of them arrived everywhere.
async fn talk(
    server: &impl Server,
    room: &mut Room,
    rate: u32,
    messages: u32,
) -> anyhow::Result<bool> {
    let begin = Instant::now();
    let deliveries = room.tally.heard() + messages as usize * (room.sockets.len() - 1);
    let acks = room.tally.acknowledged() + messages as usize;
    for turn in 0..messages {
        let due = begin + Duration::from_secs_f64(f64::from(turn) / f64::from(rate));
        tokio::time::sleep_until(due).await;
        let number = room.sent;
        room.sent += 1;
        let text = format!("{:08} and what people say to each other", number);
        let frame = server.say(room, &format!("b{number:08}"), &text);
        room.tally.sending(number);
        room.sockets[number % room.speakers].send(frame).await?;
    }
    let all = async {
        while room.tally.heard() < deliveries || room.tally.acknowledged() < acks {
            sleep(Duration::from_millis(2)).await;
        }
    };
    Ok(timeout(PATIENCE, all).await.is_ok())
}
