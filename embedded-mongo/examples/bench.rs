//! Benchmark of the embedded server; `--quick` for a short run.
//!
//! The server runs as a separate process with a data folder, and every write is
//! flushed to disk before it is acknowledged. The client is the official driver with
//! sixteen tasks. `cargo xtask bench mongo` builds both with optimisation and runs
//! this.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use mongodb::bson::{Document, doc};
use mongodb::options::{ClientOptions, IndexOptions};
use mongodb::{Client, Collection, IndexModel};

const CLIENTS: u64 = 16;
const ROOMS: u64 = 100;

/// Command line arguments.
#[derive(Parser)]
struct Arguments {
    /// One second per figure and a collection of 50,000 documents.
    #[arg(long)]
    quick: bool,
    /// Path of the server binary, if it is not next to this one.
    #[arg(long)]
    server: Option<PathBuf>,
}

/// The server process.
struct Program {
    child: Child,
    uri: String,
    ready_after: Duration,
}

impl Program {
    fn start(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut child = Command::new(binary)
            .args(["--port", "0", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}; build it first", binary.display()))?;
        let out = child.stdout.take().context("the program has no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let uri = line
            .trim()
            .strip_prefix("listening on ")
            .context("the program did not print its address")?;
        Ok(Self {
            uri: uri.to_owned(),
            child,
            ready_after: started.elapsed(),
        })
    }

    /// Resident memory in megabytes; NaN if unknown.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        status
            .unwrap_or_default()
            .lines()
            .find_map(|line| {
                line.strip_prefix("VmRSS:")?
                    .trim()
                    .strip_suffix("kB")?
                    .trim()
                    .parse::<f64>()
                    .ok()
            })
            .map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
    }

    /// Sends SIGKILL.
    fn crash(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    /// Stops the process if a measurement failed.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let binary = match arguments.server {
        Some(binary) => binary,
        None => std::env::current_exe()?
            .parent()
            .and_then(Path::parent)
            .context("the benchmark binary has no parent folder")?
            .join("embedded-mongo"),
    };
    let span = Duration::from_secs(if arguments.quick { 1 } else { 5 });
    let size: u64 = if arguments.quick { 50_000 } else { 1_000_000 };
    let folder = tempfile::tempdir()?;
    let program = Program::start(&binary, folder.path())?;
    println!(
        "start, empty               {:>9.1} ms",
        millis(program.ready_after)
    );
    println!("memory at rest             {:>9.1} MB", program.memory());
    with_connections(&program).await?;
    let mut options = ClientOptions::parse(&program.uri).await?;
    options.max_pool_size = Some(CLIENTS as u32);
    let client = Client::with_options(options)?;
    let database = client.database("bench");
    measure_writes(&database.collection("users"), span).await?;
    let messages = database.collection("messages");
    fill(&messages, size).await?;
    measure_pages(&messages, size, span).await?;
    println!("memory with {size:>9}      {:>9.1} MB", program.memory());
    program.crash()?;
    let program = Program::start(&binary, folder.path())?;
    println!(
        "start after kill -9        {:>9.1} ms",
        millis(program.ready_after)
    );
    program.crash()
}

async fn with_connections(program: &Program) -> anyhow::Result<()> {
    let address = program
        .uri
        .strip_prefix("mongodb://")
        .context("the URI has an address")?;
    let streams = try_join_all((0..1000).map(|_| tokio::net::TcpStream::connect(address))).await?;
    // Each connection sends a command, so that it has been accepted.
    let hello = message(&doc! { "hello": 1, "$db": "admin" })?;
    for stream in &streams {
        stream.writable().await?;
        stream.try_write(&hello)?;
    }
    for stream in &streams {
        stream.readable().await?;
    }
    println!("memory, 1000 connections   {:>9.1} MB", program.memory());
    Ok(())
}

fn message(command: &Document) -> anyhow::Result<Vec<u8>> {
    let body = command.to_vec()?;
    let mut bytes = Vec::new();
    for word in [body.len() as i32 + 21, 1, 0, 2013, 0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.push(0);
    bytes.extend(body);
    Ok(bytes)
}

async fn measure_writes(users: &Collection<Document>, span: Duration) -> anyhow::Result<()> {
    let unique = IndexModel::builder()
        .keys(doc! { "email": 1 })
        .options(IndexOptions::builder().unique(true).build())
        .build();
    users.create_index(unique).await?;
    let next = Arc::new(AtomicU64::new(0));
    let numbers = next.clone();
    measure("inserts, durable", span, move |_| {
        let (users, number) = (users.clone(), numbers.fetch_add(1, Ordering::Relaxed));
        async move {
            let user = doc! { "email": format!("user{number}@example.org"), "name": "Ann", "n": 0 };
            users.insert_one(user).await?;
            Ok(())
        }
    })
    .await?;
    let known = next.load(Ordering::Relaxed);
    measure("finds by a unique key", span, move |turn| {
        let users = users.clone();
        async move {
            let email = format!("user{}@example.org", spread(turn) % known);
            users
                .find_one(doc! { "email": email })
                .await?
                .context("the user exists")?;
            Ok(())
        }
    })
    .await?;
    measure("findAndModify, durable", span, move |turn| {
        let users = users.clone();
        async move {
            let email = format!("user{}@example.org", spread(turn) % known);
            users
                .find_one_and_update(doc! { "email": email }, doc! { "$inc": { "n": 1 } })
                .await?
                .context("the user exists")?;
            Ok(())
        }
    })
    .await
}

async fn fill(messages: &Collection<Document>, size: u64) -> anyhow::Result<()> {
    let unique = IndexModel::builder()
        .keys(doc! { "room": 1, "seq": 1 })
        .options(IndexOptions::builder().unique(true).build())
        .build();
    messages.create_index(unique).await?;
    let started = Instant::now();
    for start in (0..size).step_by(10_000) {
        let batch = (start..(start + 10_000).min(size)).map(|n| {
            doc! {
                "room": format!("room{}", n % ROOMS),
                "seq": (n / ROOMS) as i64,
                "by": format!("user{}", n % 1000),
                "text": "a message as people write them to one another, neither long nor short",
            }
        });
        messages.insert_many(batch).await?;
    }
    println!(
        "filled with {size:>9} in   {:>9.1} s",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn measure_pages(
    messages: &Collection<Document>,
    size: u64,
    span: Duration,
) -> anyhow::Result<()> {
    measure("pages of 50 by room, seq", span, move |turn| {
        let messages = messages.clone();
        async move {
            let random = spread(turn);
            let filter = doc! {
                "room": format!("room{}", random % ROOMS),
                "seq": { "$lt": (50 + random / ROOMS % (size / ROOMS - 50)) as i64 },
            };
            let page: Vec<Document> = messages
                .find(filter)
                .sort(doc! { "seq": -1 })
                .limit(50)
                .await?
                .try_collect()
                .await?;
            anyhow::ensure!(page.len() == 50, "a page of {}", page.len());
            Ok(())
        }
    })
    .await
}

/// Runs an operation with all clients for a time span.
async fn measure<F>(what: &str, span: Duration, work: impl Fn(u64) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let started = Instant::now();
    let work = &work;
    let clients = (0..CLIENTS).map(|client| async move {
        let mut taken = Vec::new();
        let mut turn = client;
        while started.elapsed() < span {
            let begun = Instant::now();
            work(turn).await?;
            taken.push(begun.elapsed());
            turn += CLIENTS;
        }
        anyhow::Ok(taken)
    });
    let mut taken: Vec<Duration> = try_join_all(clients).await?.concat();
    let seconds = started.elapsed().as_secs_f64();
    taken.sort_unstable();
    let at = |part: usize| {
        taken
            .get(taken.len() * part / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{what:<26} {:>9.0} /s   p50 {:>6.2} ms   p99 {:>6.2} ms",
        taken.len() as f64 / seconds,
        millis(at(50)),
        millis(at(99)),
    );
    Ok(())
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// Deterministic pseudo-random numbers.
fn spread(turn: u64) -> u64 {
    turn.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}
