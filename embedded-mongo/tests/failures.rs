//! Fail points, elections, commit delay, and commands that must not affect others.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::time::{Duration, Instant, SystemTime};

use embedded_mongo::{ElectionCause, Elections, Options, Server};
use futures_util::TryStreamExt;
use mongodb::IndexModel;
use mongodb::bson::{Bson, DateTime, Document, Uuid, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{ClientOptions, IndexOptions};
use support::{Mongo, code};

async fn fail_command(mongo: &Mongo, mode: impl Into<Bson>, data: Document) {
    let command = doc! { "configureFailPoint": "failCommand", "mode": mode.into(), "data": data };
    let reply = mongo.client.database("admin").run_command(command).await;
    reply.expect("the fail point is set");
}

/// A client that does not retry.
async fn without_retries(mongo: &Mongo) -> mongodb::Client {
    let mut options = ClientOptions::parse(mongo.server.uri()).await.unwrap();
    options.retry_reads = Some(false);
    options.retry_writes = Some(false);
    options.server_selection_timeout = Some(Duration::from_secs(5));
    mongodb::Client::with_options(options).unwrap()
}

fn is_network_error(error: &Error) -> bool {
    matches!(
        error.kind.as_ref(),
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. }
    )
}

#[tokio::test]
async fn fail_command_returns_the_code_and_the_label_as_often_as_configured() {
    let mongo = Mongo::start().await;
    let collection = without_retries(&mongo)
        .await
        .database("test")
        .collection::<Document>("c");
    let data = doc! { "failCommands": ["insert"], "errorCode": 91 };
    fail_command(&mongo, doc! { "times": 2 }, data).await;
    for _ in 0..2 {
        let error = collection.insert_one(doc! {}).await.unwrap_err();
        assert_eq!(code(&error), Some(91), "{error}");
        assert!(error.to_string().contains("ShutdownInProgress"), "{error}");
    }
    collection.find_one(doc! {}).await.unwrap();
    collection.insert_one(doc! {}).await.unwrap();

    // The driver retries a retryable write because of the label.
    let data = doc! { "failCommands": ["insert"], "errorCode": 91 };
    fail_command(&mongo, doc! { "times": 1 }, data).await;
    mongo.collection("c").insert_one(doc! {}).await.unwrap();

    let data = doc! { "failCommands": ["insert"], "errorCode": 8, "errorLabels": ["Custom"] };
    fail_command(&mongo, doc! { "skip": 1 }, data).await;
    collection.insert_one(doc! {}).await.unwrap();
    let error = collection.insert_one(doc! {}).await.unwrap_err();
    assert!(error.contains_label("Custom"), "{error}");
    fail_command(&mongo, "off", doc! {}).await;
    collection.insert_one(doc! {}).await.unwrap();
}

#[tokio::test]
async fn fail_command_closes_the_connection_and_delays_by_name() {
    let mongo = Mongo::start().await;
    let collection = without_retries(&mongo)
        .await
        .database("test")
        .collection::<Document>("c");
    let data = doc! { "failCommands": ["insert"], "closeConnection": true };
    fail_command(&mongo, doc! { "times": 1 }, data).await;
    let error = collection.insert_one(doc! { "_id": 1 }).await.unwrap_err();
    assert!(is_network_error(&error), "{error}");
    assert_eq!(collection.estimated_document_count().await.unwrap(), 0);

    let data = doc! { "failCommands": ["find"], "blockConnection": true, "blockTimeMS": 120 };
    fail_command(&mongo, doc! { "times": 1 }, data).await;
    let started = Instant::now();
    collection.find_one(doc! {}).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(120));

    let data = doc! { "failCommands": ["insert"], "writeConcernError": { "code": 64, "errmsg": "waiting for replication timed out" } };
    fail_command(&mongo, doc! { "times": 1 }, data).await;
    let error = collection.insert_one(doc! { "_id": 2 }).await.unwrap_err();
    assert!(error.to_string().contains("timed out"), "{error}");
    assert_eq!(collection.estimated_document_count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_connection_is_closed_after_a_write_and_the_retry_does_not_repeat_it() {
    let mongo = Mongo::start().await;
    let collection = mongo.collection("c");
    collection
        .insert_one(doc! { "_id": 1, "n": 0 })
        .await
        .unwrap();
    let command =
        doc! { "configureFailPoint": "onPrimaryTransactionalWrite", "mode": { "times": 1 } };
    let admin = mongo.client.database("admin");
    admin.run_command(command.clone()).await.unwrap();
    let updated = collection
        .update_one(doc! { "_id": 1 }, doc! { "$inc": { "n": 1 } })
        .await
        .unwrap();
    assert_eq!(updated.modified_count, 1);
    let found = collection.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(found.get_i32("n").unwrap(), 1);
    let reply = admin.run_command(command).await.unwrap();
    assert_eq!(
        reply.get_i64("count").unwrap(),
        1,
        "the fail point was active"
    );
}

#[tokio::test]
async fn unknown_fail_points_modes_and_data_are_rejected() {
    let mongo = Mongo::start().await;
    let admin = mongo.client.database("admin");
    for (command, expected) in [
        (
            doc! { "configureFailPoint": "hangForever", "mode": "alwaysOn" },
            297,
        ),
        (
            doc! { "configureFailPoint": "failCommand", "mode": "sometimes" },
            2,
        ),
        (
            doc! { "configureFailPoint": "failCommand", "mode": { "times": -1 } },
            2,
        ),
        (
            doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": { "failInternalCommands": true } },
            238,
        ),
    ] {
        let error = admin.run_command(command.clone()).await.unwrap_err();
        assert_eq!(code(&error), Some(expected), "{command}: {error}");
    }
    let command = doc! { "configureFailPoint": "failCommand", "mode": "off" };
    let error = mongo.database().run_command(command).await.unwrap_err();
    assert_eq!(code(&error), Some(13), "only on the admin database");
}

fn retryable_insert() -> Document {
    doc! { "insert": "c", "documents": [{}], "lsid": { "id": Uuid::new() }, "txnNumber": 1_i64 }
}

#[tokio::test]
async fn during_a_step_down_writes_and_reads_fail_as_in_mongodb() {
    let mongo = Mongo::start().await;
    let client = without_retries(&mongo).await;
    let database = client.database("test");
    database.run_command(doc! { "ping": 1 }).await.unwrap();
    let mut direct = ClientOptions::parse(mongo.server.uri()).await.unwrap();
    direct.direct_connection = Some(true);
    let direct = mongodb::Client::with_options(direct).unwrap();
    let direct = direct.database("test");
    direct.run_command(doc! { "ping": 1 }).await.unwrap();
    let before = direct.run_command(doc! { "hello": 1 }).await.unwrap();
    mongo
        .server
        .elect(Duration::from_secs(60), ElectionCause::StepDown);

    let hello = direct.run_command(doc! { "hello": 1 }).await.unwrap();
    assert!(!hello.get_bool("isWritablePrimary").unwrap());
    assert!(hello.get_bool("secondary").unwrap());
    assert!(!hello.contains_key("primary"));
    let error = direct.run_command(retryable_insert()).await.unwrap_err();
    assert_eq!(code(&error), Some(10107), "{error}");
    assert!(error.contains_label("RetryableWriteError"), "{error}");
    let insert = doc! { "insert": "c", "documents": [{}] };
    let error = direct.run_command(insert.clone()).await.unwrap_err();
    assert_eq!(code(&error), Some(10107), "{error}");
    // The driver reads from a direct connection with `primaryPreferred`.
    let find = doc! { "find": "c", "$readPreference": { "mode": "secondaryPreferred" } };
    direct.run_command(find).await.unwrap();

    mongo.server.elect(Duration::ZERO, ElectionCause::StepDown);
    direct.run_command(insert).await.unwrap();
    let after = direct.run_command(doc! { "hello": 1 }).await.unwrap();
    assert!(
        after.get_object_id("electionId").unwrap().bytes()
            > before.get_object_id("electionId").unwrap().bytes()
    );
}

#[tokio::test]
async fn the_driver_gets_through_a_step_down_by_command() {
    let mongo = Mongo::start().await;
    let collection = mongo.collection("c");
    collection.insert_one(doc! { "_id": 0 }).await.unwrap();
    let admin = mongo.client.database("admin");
    admin
        .run_command(doc! { "replSetStepDown": 1 })
        .await
        .unwrap();
    let started = Instant::now();
    collection.insert_one(doc! { "_id": 1 }).await.unwrap();
    assert!(started.elapsed() > Duration::from_millis(500));
    assert_eq!(collection.estimated_document_count().await.unwrap(), 2);
}

#[tokio::test]
async fn a_failure_of_the_primary_closes_connections_and_ends() {
    let mongo = Mongo::start().await;
    let collection = mongo.collection("c");
    collection.insert_one(doc! { "_id": 0 }).await.unwrap();
    mongo
        .server
        .elect(Duration::from_millis(700), ElectionCause::Failure);
    let started = Instant::now();
    collection.insert_one(doc! { "_id": 1 }).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elections_lose_and_repeat_no_acknowledged_write() {
    for cause in [ElectionCause::StepDown, ElectionCause::Failure] {
        let options = Options {
            elections: Some(Elections {
                every: Duration::from_millis(600),
                length: Duration::from_millis(100),
                cause,
            }),
            commit_delay: Duration::from_millis(5),
            ..Options::default()
        };
        let mongo = Mongo::with(options).await;
        let collection = mongo.collection("c");
        let started = Instant::now();
        let mut acknowledged = 0;
        let mut next = 0;
        while started.elapsed() < Duration::from_secs(3) {
            next += 1;
            let insert = collection.insert_one(doc! { "n": next }).await;
            acknowledged += i32::from(insert.is_ok());
        }
        let found: Vec<Document> = collection
            .find(doc! {})
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        let mut numbers: Vec<i32> = found.iter().map(|d| d.get_i32("n").unwrap()).collect();
        let stored = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), stored, "{cause:?}: a write was repeated");
        assert!(stored as i32 >= acknowledged, "{cause:?}: a write was lost");
        assert!(acknowledged > 10, "{cause:?}: {acknowledged} writes");
    }
}

#[tokio::test]
async fn a_commit_delay_holds_acknowledgements_but_not_local_reads() {
    let delay = Duration::from_millis(300);
    let mongo = Mongo::with(Options {
        commit_delay: delay,
        ..Options::default()
    })
    .await;
    let collection = mongo.collection("c");
    let started = Instant::now();
    let insert = {
        let collection = collection.clone();
        tokio::spawn(async move { collection.insert_one(doc! { "_id": 1 }).await })
    };
    // A local read sees the write before it is committed.
    let read = |level: &str| doc! { "count": "c", "query": {}, "readConcern": { "level": level } };
    loop {
        let local = mongo.database().run_command(read("local")).await.unwrap();
        if local.get_i32("n").unwrap() == 1 {
            break;
        }
    }
    assert!(started.elapsed() < delay, "the local read did not wait");
    let majority = mongo
        .database()
        .run_command(read("majority"))
        .await
        .unwrap();
    assert_eq!(majority.get_i32("n").unwrap(), 1);
    assert!(started.elapsed() >= delay, "the majority read waited");
    insert.await.unwrap().unwrap();
    assert!(started.elapsed() >= delay);
}

#[tokio::test]
async fn writers_share_the_commit_delay() {
    let delay = Duration::from_millis(100);
    let mongo = Mongo::with(Options {
        commit_delay: delay,
        ..Options::default()
    })
    .await;
    let collection = mongo.collection("c");
    let started = Instant::now();
    let inserts = (0..20).map(|id| collection.insert_one(doc! { "_id": id }).into_future());
    futures_util::future::try_join_all(inserts).await.unwrap();
    assert!(started.elapsed() < delay * 10, "{:?}", started.elapsed());
}

/// A pipeline that takes seconds.
fn heavy(millis: i64) -> Document {
    doc! {
        "aggregate": "numbers", "cursor": {}, "maxTimeMS": millis,
        "pipeline": [
            { "$lookup": { "from": "numbers", "pipeline": [], "as": "all" } },
            { "$unwind": "$all" },
            { "$group": { "_id": { "$mod": [{ "$multiply": ["$n", "$all.n"] }, 97] }, "n": { "$sum": 1 } } },
        ],
    }
}

/// An expression that takes minutes.
fn slow_expression() -> Document {
    let list: Vec<i32> = (0..20_000).collect();
    doc! { "$map": { "input": list.clone(), "as": "x", "in": {
        "$size": { "$filter": { "input": list, "as": "y", "cond": { "$gt": ["$$y", "$$x"] } } },
    } } }
}

async fn numbers(mongo: &Mongo, count: i32) {
    let documents = (0..count).map(|n| doc! { "n": n });
    mongo
        .collection("numbers")
        .insert_many(documents)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heavy_pipelines_do_not_block_other_connections() {
    let mongo = Mongo::start().await;
    numbers(&mongo, 3_000).await;
    let running: Vec<_> = (0..4)
        .map(|_| {
            let database = mongo.database();
            tokio::spawn(async move { database.run_command(heavy(2_500)).await })
        })
        .collect();
    let mut slowest = Duration::ZERO;
    let mut pings = 0;
    while running.iter().any(|one| !one.is_finished()) {
        let started = Instant::now();
        mongo
            .database()
            .run_command(doc! { "ping": 1 })
            .await
            .unwrap();
        slowest = slowest.max(started.elapsed());
        pings += 1;
    }
    assert!(pings > 5, "{pings} pings");
    assert!(
        slowest < Duration::from_millis(1_500),
        "a ping took {slowest:?}"
    );
    for one in running {
        let error = one.await.unwrap().unwrap_err();
        assert!(matches!(code(&error), Some(50 | 292)), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_that_wait_for_a_lock_do_not_block_other_connections() {
    let mongo = Mongo::start().await;
    numbers(&mongo, 10).await;
    let update = vec![doc! { "$set": { "x": slow_expression() } }];
    let update =
        doc! { "update": "numbers", "maxTimeMS": 2_500, "updates": [{ "q": {}, "u": update }] };
    let waiting = [
        doc! { "find": "numbers" },
        doc! { "insert": "numbers", "documents": [{}] },
        doc! { "aggregate": "numbers", "pipeline": [], "cursor": {} },
        doc! { "drop": "numbers" },
    ];
    let running: Vec<_> = std::iter::once(update)
        .chain(waiting.into_iter().cycle().take(16))
        .map(|command| {
            let database = mongo.database();
            tokio::spawn(async move { database.run_command(command).await })
        })
        .collect();
    let mut slowest = Duration::ZERO;
    while !running[0].is_finished() {
        let started = Instant::now();
        let other = mongo.collection("other");
        other.insert_one(doc! {}).await.unwrap();
        slowest = slowest.max(started.elapsed());
    }
    assert!(
        slowest < Duration::from_millis(1_500),
        "an insert took {slowest:?}"
    );
    for one in running {
        let reply = one.await.unwrap();
        assert!(reply.is_ok() || reply.is_err_and(|error| code(&error) == Some(50)));
    }
}

#[tokio::test]
async fn a_time_limit_ends_pipelines_and_expressions() {
    let mongo = Mongo::start().await;
    numbers(&mongo, 2_000).await;
    let expression = doc! {
        "aggregate": "numbers", "cursor": {}, "maxTimeMS": 300,
        "pipeline": [{ "$limit": 1 }, { "$project": { "r": slow_expression() } }],
    };
    for command in [heavy(300), expression] {
        let started = Instant::now();
        let error = mongo.database().run_command(command).await.unwrap_err();
        assert_eq!(code(&error), Some(50), "{error}");
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
    }
}

#[tokio::test]
async fn a_server_stops_although_a_command_runs() {
    let mongo = Mongo::start().await;
    numbers(&mongo, 10).await;
    let database = mongo.database();
    let running = tokio::spawn(async move {
        let update = vec![doc! { "$set": { "x": slow_expression() } }];
        let command = doc! { "update": "numbers", "updates": [{ "q": {}, "u": update }] };
        database.run_command(command).await
    });
    // The update locks the collection, so a read that waits shows that it runs.
    let database = mongo.database();
    loop {
        let count = database.run_command(doc! { "count": "numbers" });
        let count = tokio::time::timeout(Duration::from_millis(300), count.into_future());
        if count.await.is_err() {
            break;
        }
    }
    let started = Instant::now();
    mongo.server.stop().await;
    assert!(started.elapsed() < Duration::from_secs(8));
    running.abort();
}

#[tokio::test]
async fn now_is_constant_within_a_command() {
    let mongo = Mongo::start().await;
    numbers(&mongo, 2_000).await;
    let pipeline = [
        doc! { "$project": { "now": "$$NOW" } },
        doc! { "$group": { "_id": "$now" } },
    ];
    let groups: Vec<Document> = mongo
        .collection("numbers")
        .aggregate(pipeline)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(groups.len(), 1);
    let set = vec![doc! { "$set": { "at": "$$NOW" } }];
    let numbers = mongo.collection("numbers");
    numbers.update_many(doc! {}, set).await.unwrap();
    assert_eq!(numbers.distinct("at", doc! {}).await.unwrap().len(), 1);
}

#[tokio::test]
async fn documents_expire_at_the_time_that_a_test_chooses() {
    let mongo = Mongo::expiring_every(Duration::from_secs(3600)).await;
    let collection = mongo.collection("c");
    let index = IndexModel::builder()
        .keys(doc! { "at": -1 })
        .options(
            IndexOptions::builder()
                .expire_after(Duration::from_secs(10))
                .build(),
        )
        .build();
    collection.create_index(index).await.unwrap();
    let at = DateTime::from_millis(4_102_444_800_000);
    collection
        .insert_one(doc! { "_id": 1, "at": at })
        .await
        .unwrap();
    let time = SystemTime::from(at);
    assert_eq!(
        mongo
            .server
            .remove_expired(time + Duration::from_millis(9_999)),
        0
    );
    assert_eq!(
        mongo.server.remove_expired(time + Duration::from_secs(10)),
        1
    );
    assert_eq!(collection.estimated_document_count().await.unwrap(), 0);
}

#[test]
fn a_server_starts_in_milliseconds_without_a_runtime() {
    let started = Instant::now();
    let server = Server::start().unwrap();
    assert!(server.uri().starts_with("mongodb://127.0.0.1:"));
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    drop(server);
    let taken = Server::start().unwrap();
    let error = Server::start_with(Options {
        address: taken.address(),
        ..Options::default()
    });
    let error = format!("{:#}", error.expect_err("the port is in use"));
    assert!(error.contains("cannot listen on"), "{error}");
}
