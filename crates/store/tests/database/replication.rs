//! Elections, transient errors and read preference, against an embedded server that
//! simulates them.

use std::time::{Duration, Instant};

use domain::{ClientMessageId, MessageText};
use embedded_mongo::{ElectionCause, Options, Server};
use mongodb::Client;
use mongodb::bson::{Bson, Document, doc};
use store::members::ActOf;
use store::messages::{Appended, Draft};
use store::sessions::Session;
use store::{Error, Settings, Store};

use crate::people::{hello, member, new, open, person, say, say_as};
use crate::scratch::{NOW, at_once};

struct Replica {
    server: Server,
    store: Store,
}

impl Replica {
    async fn start(options: &str) -> Self {
        let server = Server::start().expect("the embedded server starts");
        let uri = format!("{}/chat?{options}", server.uri());
        let store = Store::connect(Settings { uri }).await.unwrap();
        store.create_indexes().await.unwrap();
        Self { server, store }
    }

    async fn fail_command(&self, mode: impl Into<Bson>, data: Document) {
        let client = Client::with_uri_str(self.server.uri()).await.unwrap();
        let command =
            doc! { "configureFailPoint": "failCommand", "mode": mode.into(), "data": data };
        client.database("admin").run_command(command).await.unwrap();
    }
}

fn session(id: &str) -> Session {
    Session::new(id.into(), "ada".into(), "a browser".into(), NOW)
}

#[tokio::test]
async fn transient_error_codes_are_unavailable_and_others_are_failures() {
    let replica = Replica::start("retryReads=false").await;
    for code in [
        6, 7, 24, 43, 46, 50, 64, 89, 112, 134, 175, 262, 365, 8_000, 9_001,
    ] {
        let data = doc! { "failCommands": ["find"], "errorCode": code };
        replica.fail_command(doc! { "times": 1 }, data).await;
        let error = replica.store.newest_seq("room").await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{code}: {error}");
        replica.store.newest_seq("room").await.unwrap();
    }
    // After these the driver waits until its monitor has seen a primary.
    for code in [91, 189, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436] {
        let data = doc! { "failCommands": ["find"], "errorCode": code };
        replica.fail_command(doc! { "times": 1 }, data).await;
        let error = replica.store.newest_seq("room").await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{code}: {error}");
        replica.store.newest_seq("room").await.unwrap();
    }
    for code in [2, 13, 11_000] {
        let data = doc! { "failCommands": ["find"], "errorCode": code };
        replica.fail_command(doc! { "times": 1 }, data).await;
        let error = replica.store.newest_seq("room").await.unwrap_err();
        assert!(matches!(error, Error::Failed(_)), "{code}: {error}");
    }
}

#[tokio::test]
async fn reads_go_to_the_primary_whatever_the_uri_says() {
    let replica =
        Replica::start("readPreference=secondaryPreferred&serverSelectionTimeoutMS=300").await;
    replica.store.newest_seq("room").await.unwrap();
    replica
        .server
        .elect(Duration::from_secs(60), ElectionCause::StepDown);
    // The first read meets the secondary and is rejected, the next finds no primary.
    let error = replica.store.newest_seq("room").await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn writes_and_reads_get_through_a_short_election() {
    let replica = Replica::start("").await;
    for (id, cause) in [
        ("one", ElectionCause::StepDown),
        ("two", ElectionCause::Failure),
    ] {
        let started = Instant::now();
        replica.server.elect(Duration::from_millis(900), cause);
        replica.store.insert_session(&session(id)).await.unwrap();
        assert!(started.elapsed() >= Duration::from_millis(800), "{cause:?}");
        let error = replica
            .store
            .insert_session(&session(id))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "the database returned error code 11000");
    }
}

#[tokio::test]
async fn a_write_whose_reply_is_lost_is_not_repeated() {
    let replica = Replica::start("").await;
    let client = Client::with_uri_str(replica.server.uri()).await.unwrap();
    let command =
        doc! { "configureFailPoint": "onPrimaryTransactionalWrite", "mode": { "times": 1 } };
    client.database("admin").run_command(command).await.unwrap();
    replica.store.insert_session(&session("one")).await.unwrap();
}

/// Ada in a room, of which Bob's socket is a subscriber.
async fn room(replica: &Replica) {
    open(&replica.store, "b1", "Bob", "s").await;
    hello(&replica.store, "b1", &["room"]).await;
    let ada = member("room", "Ada", 0);
    replica.store.add_member(&ada, ActOf::Member).await.unwrap();
}

/// Asserts that Ada's message `id` is new, has this `seq`, and reaches Bob.
fn assert_delivered(appended: Appended, seq: i64) {
    let Appended::New(message, audience) = appended else {
        panic!("{appended:?}");
    };
    assert_eq!(message.seq, seq);
    let sockets: Vec<_> = audience
        .subscribers
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(sockets, ["b1"]);
}

#[tokio::test]
async fn a_message_is_inserted_again_after_an_error_before_the_write() {
    let replica = Replica::start("").await;
    room(&replica).await;
    let mut seq = 0;
    for failure in [
        doc! { "errorCode": 10_107 },
        doc! { "errorCode": 11_600 },
        doc! { "errorCode": 91 },
        doc! { "closeConnection": true },
    ] {
        let mut data = doc! { "failCommands": ["aggregate"], "namespace": "chat.members" };
        data.extend(failure.clone());
        replica.fail_command(doc! { "times": 2 }, data).await;
        let id = format!("m{seq}");
        let appended = say_as(&replica.store, "room", &person("Ada"), &id, "hi").await;
        seq += 1;
        assert_delivered(appended, seq);
    }
}

#[tokio::test]
async fn a_message_whose_reply_was_lost_after_the_write_is_one_and_is_delivered() {
    let replica = Replica::start("").await;
    room(&replica).await;
    for (code, seq) in [(91, 1), (11_602, 2), (10_107, 3)] {
        let concern = doc! { "code": code, "errmsg": "the primary steps down" };
        let data = doc! {
            "failCommands": ["aggregate"],
            "namespace": "chat.members",
            "writeConcernError": concern,
        };
        replica.fail_command(doc! { "times": 1 }, data).await;
        let id = format!("m{seq}");
        let appended = say_as(&replica.store, "room", &person("Ada"), &id, "hi").await;
        assert_delivered(appended, seq);
        let again = say_as(&replica.store, "room", &person("Ada"), &id, "hi").await;
        assert!(matches!(again, Appended::Duplicate(one) if one.seq == seq));
    }
}

#[tokio::test]
async fn a_message_whose_connection_was_cut_after_the_write_is_one_and_is_delivered() {
    let server = Server::start_with(Options {
        commit_delay: Duration::from_millis(300),
        ..Options::default()
    })
    .unwrap();
    let store = Store::connect(Settings {
        uri: format!("{}/chat", server.uri()),
    })
    .await
    .unwrap();
    store.create_indexes().await.unwrap();
    let replica = Replica { server, store };
    room(&replica).await;
    let ada = person("Ada");
    let sends = say_as(&replica.store, "room", &ada, "m1", "hi");
    let cuts = async {
        let client = Client::with_uri_str(replica.server.uri()).await.unwrap();
        let messages = client.database("chat").collection::<Document>("messages");
        // A local read sees the message before a majority has it.
        while messages.count_documents(doc! {}).await.unwrap() == 0 {}
        replica
            .server
            .elect(Duration::from_millis(200), ElectionCause::Failure);
    };
    let (appended, ()) = tokio::join!(sends, cuts);
    assert_delivered(appended, 1);
    assert_eq!(replica.store.newest_seq("room").await.unwrap(), 1);
}

#[tokio::test]
async fn a_message_is_not_inserted_for_ever() {
    let replica = Replica::start("").await;
    room(&replica).await;
    let data = doc! {
        "failCommands": ["aggregate"], "namespace": "chat.members", "errorCode": 10_107,
    };
    replica.fail_command("alwaysOn", data).await;
    let draft = Draft {
        room: "room",
        from: &person("Ada"),
        id: &ClientMessageId::parse("id", "m1").unwrap(),
        text: &MessageText::parse("text", "hi").unwrap(),
        reply_to: None,
        mentions: &[],
    };
    let error = replica.store.append(&draft, NOW).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    replica.fail_command("off", doc! {}).await;
    assert_eq!(replica.store.newest_seq("room").await.unwrap(), 0);
}

#[tokio::test]
async fn a_long_election_is_unavailable_in_time() {
    let replica = Replica::start("serverSelectionTimeoutMS=500").await;
    replica
        .server
        .elect(Duration::from_secs(60), ElectionCause::Failure);
    let started = Instant::now();
    let error = replica
        .store
        .insert_session(&session("one"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_slow_majority_delays_writes_and_loses_none() {
    let delay = Duration::from_millis(15);
    let server = Server::start_with(Options {
        commit_delay: delay,
        ..Options::default()
    })
    .unwrap();
    let uri = format!("{}/chat", server.uri());
    let store = Store::connect(Settings { uri }).await.unwrap();
    let started = Instant::now();
    store.insert_session(&session("one")).await.unwrap();
    assert!(started.elapsed() >= delay);
}

/// Messages that each of twenty senders sends, one after the other.
const MESSAGES: i64 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_senders_share_a_room_with_a_slow_majority() {
    let server = Server::start_with(Options {
        commit_delay: Duration::from_millis(15),
        ..Options::default()
    })
    .unwrap();
    let uri = format!("{}/chat?maxPoolSize=64", server.uri());
    let store = Store::connect(Settings { uri }).await.unwrap();
    store.create_indexes().await.unwrap();
    let started = Instant::now();
    let sent = at_once(20, async |sender| {
        let name = format!("P{sender}");
        let mut sent = Vec::new();
        for number in 0..MESSAGES {
            let begun = Instant::now();
            let message = new(say(&store, "room", &name, &format!("m{number}")).await);
            sent.push((message.seq, begun.elapsed()));
        }
        sent
    })
    .await;
    let elapsed = started.elapsed();
    let mut sent = sent.concat();
    sent.sort_unstable();
    let seqs: Vec<i64> = sent.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, (1..=20 * MESSAGES).collect::<Vec<_>>());
    let mut latencies: Vec<Duration> = sent.iter().map(|(_, latency)| *latency).collect();
    latencies.sort_unstable();
    println!(
        "{:.1} messages/s, p50 {:?}, p99 {:?}",
        sent.len() as f64 / elapsed.as_secs_f64(),
        latencies[latencies.len() / 2],
        latencies[latencies.len() * 99 / 100],
    );
}
