//! `push-consumer`: notifies the devices of members who have not read a message, some
//! seconds after it was sent.
//!
//! Reads `messages`, `members`, `sessions`, `presence` and `users`, reads and writes
//! `rooms` and `devices`, posts to push services, publishes what is to be repeated.
//!
//! Membership, read marks, settings, quiet hours and sessions are read right before a
//! notification is sent. Of several requests about a room, the first claims all of its new
//! messages. If the process ends after that, their notifications are lost: clients find
//! the messages as always.

mod notification;
mod room;
mod send;

use std::collections::BTreeMap;
use std::time::Duration;

use env::Variables;
use futures_util::{StreamExt, stream};
use lambda::queue::{Batch, Message};
use queue::Queue;
use queue::jobs::push::Job;
use store::Store;
use tokio::time::Instant;
use web_push::{AllowedHosts, Client, VapidKey};

use send::Tally;

/// Rooms that are processed concurrently.
const ROOMS_AT_ONCE: usize = 4;
/// Time reserved for requests that have begun, and for publishing what is left.
const RESERVE: Duration = Duration::from_secs(20);
/// When a request is repeated that found the database unavailable.
const STORE_WAIT: Duration = Duration::from_mins(1);

struct App {
    store: Store,
    queue: Queue,
    client: Client,
    hosts: AllowedHosts,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::queue::run(start, handle).await
}

async fn start(mut variables: Variables) -> anyhow::Result<App> {
    let store = store::Settings::from_variables(&mut variables);
    let queue = queue::Settings::from_variables(&mut variables);
    let key = VapidKey::from_variables(&mut variables);
    let hosts = AllowedHosts::from_variables(&mut variables);
    variables.check()?;
    let key = key.ok_or_else(|| anyhow::anyhow!("PUSH_SECRET is no key"))?;
    Ok(App {
        store: Store::connect(store).await?,
        queue: Queue::lazy(queue),
        client: Client::new(key),
        hosts,
    })
}

async fn handle(app: &'static App, batch: Batch) -> anyhow::Result<()> {
    let left = batch.time_left();
    let deadline = Instant::now() + left.saturating_sub(RESERVE.min(left / 2));
    let requests = batch.messages.len();
    let tally = stream::iter(jobs(&batch.messages))
        .map(|job| process(app, job, deadline))
        .buffer_unordered(ROOMS_AT_ONCE)
        .fold(Tally::default(), async |all, one| all + one)
        .await;
    tally.log(requests);
    Ok(())
}

/// The newest request of each room, and all repeated ones.
fn jobs(messages: &[Message]) -> Vec<Job> {
    let mut newest: BTreeMap<String, Job> = BTreeMap::new();
    let mut jobs = Vec::new();
    for message in messages {
        match serde_json::from_slice::<Job>(&message.body) {
            Ok(job) if job.retry.is_some() => jobs.push(job),
            Ok(job) => {
                let earlier = newest
                    .entry(job.room.clone())
                    .or_insert_with(|| job.clone());
                earlier.seq = earlier.seq.max(job.seq);
            }
            Err(_) => tracing::warn!("dropped a malformed request for notifications"),
        }
    }
    jobs.extend(newest.into_values());
    jobs
}

async fn process(app: &App, job: Job, deadline: Instant) -> Tally {
    match room::notify(app, &job, deadline).await {
        Ok(tally) => tally,
        Err(error) => {
            tracing::warn!(error = %error, "could not look up who to notify");
            let again = app.queue.retry_push(&job, STORE_WAIT, lambda::now());
            if let Err(error) = again.await {
                tracing::warn!(error = %error, "could not repeat a notification");
            }
            Tally::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use lambda::queue::Event;
    use serde_json::{Value, json};

    use super::*;

    fn messages(bodies: &[Value]) -> Vec<Message> {
        let records: Vec<Value> = bodies
            .iter()
            .map(|body| json!({"data": BASE64_STANDARD.encode(body.to_string())}))
            .collect();
        let event = json!({"rmqMessagesByQueue": {"push::/": records}});
        let event: Event = serde_json::from_value(event).unwrap();
        Batch::new(event, SystemTime::now()).messages
    }

    #[test]
    fn the_requests_of_a_room_are_one_and_repeated_ones_stay() {
        let retry = json!({"room": "a", "seq": 1, "retry": {"device": "d", "attempt": 1}});
        let found = jobs(&messages(&[
            json!({"room": "a", "seq": 3}),
            json!({"room": "b", "seq": 7}),
            json!({"room": "a", "seq": 2}),
            json!({"room": "a"}),
            retry,
        ]));
        let found: Vec<_> = found
            .iter()
            .map(|job| (job.room.as_str(), job.seq, job.retry.is_some()))
            .collect();
        assert_eq!(found, [("a", 1, true), ("a", 3, false), ("b", 7, false)]);
    }
}
