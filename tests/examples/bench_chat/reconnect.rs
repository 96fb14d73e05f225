//! Everybody's connection comes back at once: what that takes for each of them,
//! which must not grow with how many they are.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::StreamExt;
use futures_util::future::{join_all, try_join_all};
use tokio::time::timeout;

use crate::banter::{Banter, open};
use crate::load::Server;
use crate::receiver::Stream;

/// How many people, in rooms of [`ROOM`].
const PEOPLE: [usize; 3] = [10, 20, 40];
/// How many people are in each room.
const ROOM: usize = 10;
/// How long nothing must come until it is over.
const QUIET: Duration = Duration::from_secs(1);

/// Brings ever more people in rooms of the same size online at once.
pub async fn measure(banter: &Banter) -> anyhow::Result<String> {
    let everybody = banter.people.get(..PEOPLE[2]);
    let everybody = everybody.context("the largest room has fewer people")?;
    for room in everybody.chunks(ROOM) {
        let (owner, others) = room.split_last().expect("no chunk is empty");
        let others: Vec<_> = others.iter().collect();
        owner.create_group("Storm", &others).await;
    }
    let mut told = Vec::new();
    for count in PEOPLE {
        let people = &everybody[..count];
        let (commands, used) = (banter.commands().await?, banter.used().await);
        let begun = Instant::now();
        let mut streams = try_join_all(people.iter().map(open)).await?;
        let took = begun.elapsed();
        let heard: usize = join_all(streams.iter_mut().map(presences))
            .await
            .iter()
            .sum();
        let used = banter.used().await.since(&used).total();
        let commands = banter.commands().await?.zip(commands);
        let each = |all: f64| all / count as f64;
        told.push(format!(
            "{count} in {} ms, each {:.1} round trips to the database, {:.1} presence frames, {:.1} ms of processor",
            took.as_millis(),
            each(commands.map_or(0.0, |(after, before)| (after - before) as f64)),
            each(heard as f64),
            each(used.as_secs_f64() * 1_000.0),
        ));
        drop(streams);
        banter.nobody_connected().await;
    }
    Ok(format!("reconnecting at once: {}", told.join("; ")))
}

/// How many comings one hears of until all is quiet.
async fn presences(stream: &mut Stream) -> usize {
    let mut count = 0;
    while let Ok(Some(Ok(frame))) = timeout(QUIET, stream.next()).await {
        let text = frame.to_text().unwrap_or_default();
        count += usize::from(text.contains(r#""event":"presence""#));
    }
    count
}
