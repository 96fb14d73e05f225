//! One room, its sockets, and messages at a steady rate.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::figures::Figures;
use crate::parts::Parts;
use crate::receiver::{Receiver, Tally};

/// How long to wait for late deliveries.
const TIMEOUT: Duration = Duration::from_secs(10);
const WARM_UP: u32 = 20;

/// A chat server to measure.
pub trait Server {
    /// Its name in the table.
    fn name(&self) -> &'static str;
    /// Opens a room with this number of sockets.
    async fn enter(&self, sockets: usize) -> anyhow::Result<Room>;
    /// The frame that sends `text` under `id`.
    fn say(&self, room: &Room, id: &str, text: &str) -> String;
    /// The processor time of its parts so far.
    async fn used(&self) -> Parts;
    /// The commands of its database so far, if it has one.
    async fn commands(&self) -> anyhow::Result<Option<i64>>;
}

/// The sockets of a room; any of them may send.
pub struct Room {
    pub id: String,
    /// One socket per user, so that no limit per user applies.
    pub speakers: usize,
    pub sockets: Vec<Receiver>,
    pub tally: Tally,
    /// The total of sent messages.
    pub sent: usize,
}

#[derive(Clone, Copy)]
pub struct Plan {
    pub rate: u32,
    pub time: Duration,
}

/// Sends at the planned rate regardless of deliveries, then waits for late ones.
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

/// Sends messages at a rate; whether all of them arrived everywhere.
async fn talk(
    server: &impl Server,
    room: &mut Room,
    rate: u32,
    messages: u32,
) -> anyhow::Result<bool> {
    let begin = Instant::now();
    let deliveries = room.tally.received() + messages as usize * (room.sockets.len() - 1);
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
        while room.tally.received() < deliveries || room.tally.acknowledged() < acks {
            sleep(Duration::from_millis(2)).await;
        }
    };
    Ok(timeout(TIMEOUT, all).await.is_ok())
}
