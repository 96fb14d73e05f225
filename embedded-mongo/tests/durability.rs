//! Acknowledged writes survive a crash.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use embedded_mongo::{Options, Server, Storage};
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;
use mongodb::{Client, IndexModel};

use support::Mongo;

/// The program, over a folder.
struct Program {
    child: Child,
    uri: String,
}

impl Program {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_embedded-mongo"))
            .args(["--port", "0", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().expect("the output is piped");
        let mut line = String::new();
        BufReader::new(out)
            .read_line(&mut line)
            .expect("the program prints its address");
        let uri = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("the program printed {line:?}"))
            .to_owned();
        Self { child, uri }
    }

    /// Sends SIGKILL.
    fn crash(mut self) {
        self.child.kill().expect("the program can be killed");
        self.child.wait().expect("the program ends");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Cleans up after a failed test; a crashed program has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn documents_and_indexes_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mongo = Mongo::with_folder(folder.path()).await;
    let users = mongo.collection("users");
    let index = IndexModel::builder()
        .keys(doc! { "email": 1 })
        .options(IndexOptions::builder().unique(true).build())
        .build();
    users.create_index(index).await.unwrap();
    users
        .insert_one(doc! { "_id": 1, "email": "a" })
        .await
        .unwrap();
    mongo.collection("gone").insert_one(doc! {}).await.unwrap();
    mongo.collection("gone").drop().await.unwrap();
    mongo.client.shutdown().await;
    mongo.server.stop().await;

    let mongo = Mongo::with_folder(folder.path()).await;
    assert_eq!(
        mongo.database().list_collection_names().await.unwrap(),
        ["users"]
    );
    let users = mongo.collection("users");
    assert_eq!(users.list_index_names().await.unwrap(), ["_id_", "email_1"]);
    let error = users
        .insert_one(doc! { "_id": 2, "email": "a" })
        .await
        .unwrap_err();
    assert_eq!(support::code(&error), Some(11000));
    assert_eq!(
        users.find_one(doc! {}).await.unwrap(),
        Some(doc! { "_id": 1, "email": "a" })
    );
}

#[tokio::test]
async fn a_folder_is_used_by_one_server_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let mongo = Mongo::with_folder(folder.path()).await;
    let second = embedded_mongo::Server::start_with(embedded_mongo::Options {
        storage: embedded_mongo::Storage::Folder(folder.path().to_owned()),
        ..embedded_mongo::Options::default()
    });
    let error = format!("{:#}", second.expect_err("the file is in use"));
    assert!(error.contains("embedded-mongo.redb"), "{error}");
    drop(mongo);
}

/// Acknowledged values, and values whose write was in progress at the crash.
#[derive(Default)]
struct Known {
    acknowledged: BTreeMap<i64, i64>,
    attempted: BTreeMap<i64, i64>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crashes_do_not_lose_acknowledged_writes() {
    let folder = tempfile::tempdir().unwrap();
    let known = Arc::new(Mutex::new(Known::default()));
    for round in 0..12_i64 {
        let program = Program::start(folder.path());
        let client = support::client(&program.uri).await;
        verify(&client, &known).await;
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (client, known, stop) = (client.clone(), known.clone(), stop.clone());
                tokio::spawn(async move { write(&client, writer, round, &known, &stop).await })
            })
            .collect();
        // Crash after this many acknowledged writes of the round.
        let before = known.lock().unwrap().acknowledged.values().sum::<i64>();
        let enough = 60 + round * 37;
        let deadline = Instant::now() + Duration::from_secs(20);
        while known.lock().unwrap().acknowledged.values().sum::<i64>() < before + enough {
            assert!(Instant::now() < deadline, "the writers make no progress");
            tokio::task::yield_now().await;
        }
        program.crash();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.abort();
            // The task was aborted or has completed.
            let _ = writer.await;
        }
    }
    let program = Program::start(folder.path());
    let client = support::client(&program.uri).await;
    verify(&client, &known).await;
    program.crash();
}

/// Increments counters of its own as fast as possible.
async fn write(client: &Client, writer: i64, round: i64, known: &Mutex<Known>, stop: &AtomicBool) {
    let counters = client.database("test").collection::<Document>("counters");
    for turn in 0.. {
        let id = writer * 1000 + turn % 5;
        let next = {
            let mut known = known.lock().unwrap();
            let next = known.attempted.get(&id).copied().unwrap_or(0) + 1;
            known.attempted.insert(id, next);
            next
        };
        let written = counters
            .update_one(
                doc! { "_id": id },
                doc! { "$set": { "n": next, "round": round }, "$push": { "all": { "$each": [next], "$slice": -50 } } },
            )
            .upsert(true)
            .await;
        if stop.load(Ordering::Relaxed) || written.is_err() {
            return;
        }
        known.lock().unwrap().acknowledged.insert(id, next);
    }
}

async fn verify(client: &Client, known: &Mutex<Known>) {
    let counters = client.database("test").collection::<Document>("counters");
    let found: Vec<Document> = counters
        .find(doc! {})
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let found: BTreeMap<i64, i64> = found
        .iter()
        .map(|counter| {
            (
                counter.get_i64("_id").unwrap(),
                counter.get_i64("n").unwrap(),
            )
        })
        .collect();
    let mut known = known.lock().unwrap();
    for (id, acknowledged) in &known.acknowledged {
        let kept = found.get(id).copied().unwrap_or(0);
        assert!(
            kept >= *acknowledged,
            "{id} is at {kept}, but {acknowledged} was acknowledged"
        );
        assert!(
            kept <= known.attempted[id],
            "{id} is at {kept}, which was never written"
        );
    }
    // The stored values are the baseline of the next round.
    known.attempted = found.clone();
    known.acknowledged = found;
}

#[tokio::test]
async fn a_write_retried_after_a_crash_runs_once() {
    let folder = tempfile::tempdir().unwrap();
    let session = uuid();
    let command = doc! {
        "update": "counters",
        "updates": [{ "q": { "_id": 1 }, "u": { "$inc": { "n": 1 } }, "upsert": true }],
        "lsid": { "id": session },
        "txnNumber": 7_i64,
    };
    let program = Program::start(folder.path());
    let database = support::client(&program.uri).await.database("test");
    let first = raw(&database, &command).await;
    program.crash();
    let program = Program::start(folder.path());
    let client = support::client(&program.uri).await;
    let again = raw(&client.database("test"), &command).await;
    assert_eq!(first.get("upserted"), again.get("upserted"));
    let counter = client
        .database("test")
        .collection::<Document>("counters")
        .find_one(doc! {})
        .await
        .unwrap();
    assert_eq!(counter, Some(doc! { "_id": 1, "n": 1 }));
    program.crash();
}

fn uuid() -> mongodb::bson::Uuid {
    mongodb::bson::Uuid::new()
}

async fn raw(database: &mongodb::Database, command: &Document) -> Document {
    database.run_command(command.clone()).await.unwrap()
}

fn folder_options(folder: &Path) -> Options {
    Options {
        storage: Storage::Folder(folder.to_owned()),
        ..Options::default()
    }
}

#[tokio::test]
async fn damage_to_the_file_is_reported_and_never_served() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("embedded-mongo.redb");
    let documents: Vec<Document> = (0..50)
        .map(|id| doc! { "_id": id, "marker": format!("marker-{id:04}"), "n": id * 7 })
        .collect();
    let mongo = Mongo::with_folder(folder.path()).await;
    mongo.collection("c").insert_many(&documents).await.unwrap();
    mongo.client.shutdown().await;
    mongo.server.stop().await;
    let intact = std::fs::read(&file).unwrap();
    let inside = intact
        .windows(7)
        .rposition(|bytes| bytes == b"marker-")
        .expect("documents are stored in the file");

    let mut damaged = intact.clone();
    damaged[inside + 8] ^= 1;
    std::fs::write(&file, &damaged).unwrap();
    let error = Server::start_with(folder_options(folder.path())).expect_err("damaged");
    let error = format!("{error:#}");
    assert!(error.contains("a document of test.c is damaged"), "{error}");

    // Anywhere in the file: an error, or all documents as they were.
    let mut refused = 0;
    for step in 0..60 {
        let mut damaged = intact.clone();
        let position = if step % 2 == 0 {
            inside.saturating_sub(2_000) + step * 97
        } else {
            intact.len() * step / 60
        };
        damaged[position] ^= 1 << (step % 8);
        std::fs::write(&file, &damaged).unwrap();
        match Server::start_with(folder_options(folder.path())) {
            Err(_) => refused += 1,
            Ok(server) => {
                let client = support::client(&server.uri()).await;
                let collection = client.database("test").collection::<Document>("c");
                let found = collection.find(doc! {}).await.unwrap();
                let found: Vec<Document> = found.try_collect().await.unwrap();
                assert_eq!(found, documents, "bit {} of byte {position}", step % 8);
                client.shutdown().await;
                server.stop().await;
            }
        }
    }
    assert!(refused > 5, "{refused} of 60 were refused");
}

#[test]
fn a_file_of_another_version_is_rejected_with_instructions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("embedded-mongo.redb");
    let database = redb::Database::create(&file).unwrap();
    let transaction = database.begin_write().unwrap();
    for name in ["collections", "retries"] {
        let table = redb::TableDefinition::<u32, &[u8]>::new(name);
        transaction.open_table(table).unwrap();
    }
    transaction.commit().unwrap();
    drop(database);
    let error = Server::start_with(folder_options(folder.path())).expect_err("an old file");
    let error = format!("{error:#}");
    assert!(
        error.contains("delete it to start with an empty database"),
        "{error}"
    );
    assert!(error.contains("embedded-mongo.redb"), "{error}");
}
