//! Banter as a subject: the runner with the real functions and signed-in users.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use e2e::people::Person;
use e2e::stack::{Options, Stack, Storage};
use e2e::wait::{TIMEOUT, eventually};
use futures_util::{SinkExt, StreamExt, TryStreamExt, stream};
use mongodb::bson::{Document, doc};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::figures::spread;
use crate::load::{Room, Server};
use crate::parts::Parts;
use crate::receiver::{Manner, Receiver, Stream, Tally};

/// Sockets that one person may have.
const SOCKETS: usize = 20;
/// Sockets that are opened at once.
const OPENING: usize = 16;
/// Messages of the long room and of the short one.
const ROOMS: [i64; 2] = [1_000_000, 100];
const PAGES: i64 = 200;
/// Commands that the driver sends on its own.
const OF_THE_DRIVER: [&str; 6] = [
    "hello",
    "isMaster",
    "ismaster",
    "ping",
    "serverStatus",
    "endSessions",
];

pub struct Banter {
    stack: Arc<Stack>,
    pub people: Vec<Person>,
    database: mongodb::Database,
}

impl Banter {
    /// Starts the stack and signs in enough users for the largest room.
    pub async fn start(rooms: &[usize]) -> anyhow::Result<Self> {
        let stack = Stack::start(Options {
            name: "bench",
            storage: Storage::Durable,
        })
        .await?;
        let stack = Arc::new(stack);
        let uri = stack.ready().mongodb;
        let uri = uri.context("the runner names its database")?;
        let client = mongodb::Client::with_uri_str(&uri).await?;
        let database = client
            .default_database()
            .context("the URI names the database")?;
        let largest = rooms.iter().copied().max().unwrap_or(2);
        let joining = (0..largest.div_ceil(SOCKETS).max(2)).map(|n| {
            let stack = Arc::clone(&stack);
            async move { Person::join(&stack, &format!("P{n}")).await }
        });
        let people = stream::iter(joining).buffer_unordered(4).collect().await;
        Ok(Self {
            stack,
            people,
            database,
        })
    }

    /// The duration of a history page in a long and in a short room.
    pub async fn history(&self) -> anyhow::Result<String> {
        let mut lines = Vec::new();
        for messages in ROOMS {
            let person = &self.people[0];
            let room = person.create_group(&format!("{messages}"), &[]).await;
            self.fill(&room, messages).await?;
            let mut times = Vec::new();
            for page in 0..PAGES {
                let before = 1 + messages * (page + 1) / PAGES;
                let begin = Instant::now();
                let answer = person.history(&room, &format!("before={before}")).await;
                times.push(begin.elapsed());
                answer.expect(200);
            }
            lines.push(format!("of {messages} messages {}", spread(&times)));
        }
        Ok(format!("a page of 50 in a room {}", lines.join(", ")))
    }

    /// Writes messages straight into the database.
    async fn fill(&self, room: &str, messages: i64) -> anyhow::Result<()> {
        let row = |seq| {
            doc! {
                "room": room, "seq": seq, "sender": "user", "name": "User",
                "client_id": format!("h{seq}"), "text": "what people say to each other", "at": seq,
            }
        };
        let collection = self.database.collection::<Document>("messages");
        let all: Vec<i64> = (1..=messages).collect();
        for some in all.chunks(10_000) {
            collection
                .insert_many(some.iter().map(|seq| row(*seq)))
                .await?;
        }
        Ok(())
    }

    /// Waits until the registry contains no closed socket.
    pub async fn all_disconnected(&self) {
        let connections = self.database.collection::<Document>("connections");
        eventually("all sockets to be gone", TIMEOUT, || async {
            let left = connections.count_documents(doc! {}).await;
            left.is_ok_and(|left| left == 0).then_some(())
        })
        .await;
    }

    pub async fn stop(self) {
        let Self { stack, people, .. } = self;
        drop(people);
        for checked in stack.finish().await {
            assert!(checked.failure.is_none(), "{:?}", checked.failure);
        }
    }
}

impl Server for Banter {
    fn name(&self) -> &'static str {
        "Banter"
    }

    async fn enter(&self, sockets: usize) -> anyhow::Result<Room> {
        let people = &self.people[..sockets.div_ceil(SOCKETS).max(2)];
        // Another owner each time: invitations are limited to fifty an hour.
        let (owner, others) = people.split_last().context("there are two at least")?;
        let others: Vec<&Person> = others.iter().collect();
        let id = owner.create_group("Bench", &others).await;
        let tally = Tally::default();
        let opening = (0..sockets).map(|n| open(&people[n % people.len()]));
        let streams: Vec<Stream> = stream::iter(opening)
            .buffered(OPENING)
            .try_collect()
            .await?;
        let manner = Manner {
            ack: r#""event":"ack","id":"b"#,
            message: r#""text":""#,
            heartbeat: None,
        };
        let sockets = streams
            .into_iter()
            .map(|stream| Receiver::new(stream, manner, tally.clone()))
            .collect();
        Ok(Room {
            id,
            speakers: people.len(),
            sockets,
            tally,
            sent: 0,
        })
    }

    fn say(&self, room: &Room, id: &str, text: &str) -> String {
        json!({"action": "message", "id": id, "room": room.id, "text": text}).to_string()
    }

    async fn used(&self) -> Parts {
        let mut parts = Parts::default();
        parts.add_threads(
            "runner",
            "embedded-mongo",
            "database",
            self.stack.runner().await,
        );
        for process in self.stack.processes_of("").await {
            parts.add_process("functions", process.pid);
        }
        parts
    }

    async fn commands(&self) -> anyhow::Result<Option<i64>> {
        let status = self
            .database
            .run_command(doc! { "serverStatus": 1 })
            .await?;
        let commands = status.get_document("metrics")?.get_document("commands")?;
        let mut sum = 0;
        for (name, count) in commands {
            if !OF_THE_DRIVER.contains(&name.as_str()) {
                let count = count.as_document().context("each command has its counts")?;
                sum += count.get_i64("total")?;
            }
        }
        Ok(Some(sum))
    }
}

/// A socket that has received `welcome`.
pub async fn open(person: &Person) -> anyhow::Result<Stream> {
    let handshake = person.handshake().await;
    let opened = handshake.stream().await;
    let mut stream = opened.map_err(|refused| anyhow::anyhow!("{refused:?}"))?;
    stream.send(Message::text(r#"{"action":"hello"}"#)).await?;
    let welcomed = async {
        while let Some(frame) = stream.next().await {
            if frame?.to_text()?.contains(r#""event":"welcome""#) {
                return Ok(());
            }
        }
        bail!("the socket was closed before it was welcomed");
    };
    tokio::time::timeout(Duration::from_secs(30), welcomed).await??;
    Ok(stream)
}
