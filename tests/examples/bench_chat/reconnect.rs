//! Mass reconnect: all clients connect at once. The cost per client must not grow with
//! their number.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::StreamExt;
use futures_util::future::{join_all, try_join_all};
use tokio::time::timeout;

use crate::banter::{Banter, open};
use crate::load::Server;
use crate::receiver::Stream;

/// Numbers of users, in rooms of [`ROOM`].
const PEOPLE: [usize; 3] = [10, 20, 40];
const ROOM: usize = 10;
/// The silence after which a round has ended.
const QUIET: Duration = Duration::from_secs(1);

/// Connects growing numbers of users at once, in rooms of the same size.
pub async fn measure(banter: &Banter) -> anyhow::Result<String> {
    let users = banter.people.get(..PEOPLE[2]);
    let users = users.context("the largest room has fewer people")?;
    for room in users.chunks(ROOM) {
        let (owner, others) = room.split_last().expect("no chunk is empty");
        let others: Vec<_> = others.iter().collect();
        owner.create_group("Storm", &others).await;
    }
    let mut lines = Vec::new();
    for count in PEOPLE {
        let people = &users[..count];
        let (commands, used) = (banter.commands().await?, banter.used().await);
        let begun = Instant::now();
        let mut streams = try_join_all(people.iter().map(open)).await?;
        let took = begun.elapsed();
        let received: usize = join_all(streams.iter_mut().map(presences))
            .await
            .iter()
            .sum();
        let used = banter.used().await.since(&used).total();
        let commands = banter.commands().await?.zip(commands);
        let each = |all: f64| all / count as f64;
        lines.push(format!(
            "{count} in {} ms, each {:.1} round trips to the database, {:.1} presence frames, {:.1} ms of processor",
            took.as_millis(),
            each(commands.map_or(0.0, |(after, before)| (after - before) as f64)),
            each(received as f64),
            each(used.as_secs_f64() * 1_000.0),
        ));
        drop(streams);
        banter.all_disconnected().await;
    }
    Ok(format!("reconnecting at once: {}", lines.join("; ")))
}

/// Counts the presence frames of a socket until it is silent.
async fn presences(stream: &mut Stream) -> usize {
    let mut count = 0;
    while let Ok(Some(Ok(frame))) = timeout(QUIET, stream.next()).await {
        let text = frame.to_text().unwrap_or_default();
        count += usize::from(text.contains(r#""event":"presence""#));
    }
    count
}
