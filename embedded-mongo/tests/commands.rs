//! Commands through the official driver.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::time::Duration;

use futures_util::TryStreamExt;
use mongodb::IndexModel;
use mongodb::bson::{Bson, DateTime, Document, doc};
use mongodb::options::{FindOneAndUpdateOptions, IndexOptions, ReturnDocument};

use support::{Mongo, code};

async fn all(cursor: mongodb::Cursor<Document>) -> Vec<Document> {
    cursor.try_collect().await.expect("the cursor can be read")
}

fn unique(keys: Document) -> IndexModel {
    IndexModel::builder()
        .keys(keys)
        .options(IndexOptions::builder().unique(true).build())
        .build()
}

#[tokio::test]
async fn find_sorts_skips_limits_and_batches() {
    let mongo = Mongo::start().await;
    let numbers = mongo.collection("numbers");
    numbers
        .insert_many((0..250).map(|n| doc! { "_id": n, "odd": n % 2 == 1 }))
        .await
        .unwrap();
    let found = numbers
        .find(doc! { "odd": true })
        .sort(doc! { "_id": -1 })
        .skip(1)
        .limit(3)
        .await
        .unwrap();
    let ids: Vec<i32> = all(found)
        .await
        .iter()
        .map(|d| d.get_i32("_id").unwrap())
        .collect();
    assert_eq!(ids, [247, 245, 243]);
    let everything = all(numbers.find(doc! {}).batch_size(7).await.unwrap()).await;
    assert_eq!(everything.len(), 250);
    assert_eq!(
        numbers.count_documents(doc! { "odd": true }).await.unwrap(),
        125
    );
    assert_eq!(numbers.estimated_document_count().await.unwrap(), 250);
}

#[tokio::test]
async fn a_duplicate_key_error_has_the_key_pattern_and_value() {
    let mongo = Mongo::start().await;
    let users = mongo.collection("users");
    users
        .create_index(unique(doc! { "email": 1 }))
        .await
        .unwrap();
    users.insert_one(doc! { "email": "a@b.c" }).await.unwrap();
    let error = users
        .insert_one(doc! { "email": "a@b.c" })
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(11000));
    let answer = mongo
        .database()
        .run_command(doc! { "insert": "users", "documents": [{ "email": "a@b.c" }] })
        .await
        .unwrap();
    let write_error = answer.get_array("writeErrors").unwrap()[0]
        .as_document()
        .unwrap();
    assert_eq!(
        write_error.get_document("keyPattern").unwrap(),
        &doc! { "email": 1 }
    );
    assert_eq!(
        write_error.get_document("keyValue").unwrap(),
        &doc! { "email": "a@b.c" }
    );
    let error = users
        .update_one(doc! { "email": "x" }, doc! { "$set": { "email": "a@b.c" } })
        .upsert(true)
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(11000));
    let expected = "index: email_1 dup key: { email: \\\"a@b.c\\\" }";
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn an_upsert_combines_the_filter_and_set_on_insert() {
    let mongo = Mongo::start().await;
    let counters = mongo.collection("counters");
    for expected in 1..=3 {
        let found = counters
            .find_one_and_update(
                doc! { "room": "r", "kind": { "$eq": "k" } },
                doc! { "$inc": { "n": 1 }, "$setOnInsert": { "made": true } },
            )
            .with_options(
                FindOneAndUpdateOptions::builder()
                    .upsert(true)
                    .return_document(ReturnDocument::After)
                    .build(),
            )
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.get_i32("n").unwrap(), expected);
        assert_eq!(found.get_str("kind").unwrap(), "k");
        assert!(found.get_bool("made").unwrap());
    }
    assert_eq!(counters.estimated_document_count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_pipeline_update_reads_the_current_document() {
    let mongo = Mongo::start().await;
    let rooms = mongo.collection("rooms");
    rooms
        .insert_one(doc! { "_id": 1, "tries": 4, "until": Bson::Null })
        .await
        .unwrap();
    let later = DateTime::from_millis(1_000);
    rooms
        .update_one(
            doc! { "_id": 1 },
            vec![
                doc! { "$set": {
                    "tries": { "$add": [{ "$ifNull": ["$tries", 0] }, 1] },
                    "left": { "$max": [0, { "$subtract": [5, "$tries"] }] },
                } },
                doc! { "$set": { "until": { "$cond": [
                    { "$and": [{ "$gte": ["$tries", 5] }, { "$lt": ["$left", 2] }] },
                    later, "$until",
                ] } } },
                doc! { "$unset": "left" },
            ],
        )
        .await
        .unwrap();
    let room = rooms.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(room, doc! { "_id": 1, "tries": 5, "until": later });
}

#[tokio::test]
async fn lookup_joins_and_group_counts() {
    let mongo = Mongo::start().await;
    mongo
        .collection("users")
        .insert_many([
            doc! { "_id": "u1", "name": "Ann" },
            doc! { "_id": "u2", "name": "Bob" },
        ])
        .await
        .unwrap();
    let messages = mongo.collection("messages");
    messages
        .insert_many((0..10).map(|n| doc! { "seq": n, "by": if n % 3 == 0 { "u1" } else { "u2" } }))
        .await
        .unwrap();
    let page = messages
        .aggregate([
            doc! { "$match": { "seq": { "$gte": 6 } } },
            doc! { "$sort": { "seq": -1 } },
            doc! { "$limit": 2 },
            doc! { "$lookup": { "from": "users", "localField": "by", "foreignField": "_id", "as": "user" } },
            doc! { "$unwind": "$user" },
            doc! { "$project": { "_id": 0, "seq": 1, "name": "$user.name" } },
        ])
        .await
        .unwrap();
    assert_eq!(
        all(page).await,
        [
            doc! { "seq": 9, "name": "Ann" },
            doc! { "seq": 8, "name": "Bob" }
        ]
    );
    let counted = messages
        .aggregate([
            doc! { "$group": { "_id": "$by", "n": { "$sum": 1 }, "last": { "$max": "$seq" } } },
            doc! { "$sort": { "_id": 1 } },
        ])
        .await
        .unwrap();
    assert_eq!(
        all(counted).await,
        [
            doc! { "_id": "u1", "n": 4, "last": 9 },
            doc! { "_id": "u2", "n": 6, "last": 8 }
        ]
    );
}

#[tokio::test]
async fn expired_documents_are_removed() {
    let mongo = Mongo::expiring_every(Duration::from_millis(20)).await;
    let leases = mongo.collection("leases");
    let index = IndexModel::builder()
        .keys(doc! { "at": 1 })
        .options(
            IndexOptions::builder()
                .expire_after(Duration::from_secs(1))
                .build(),
        )
        .build();
    leases.create_index(index).await.unwrap();
    let now = DateTime::now().timestamp_millis();
    leases
        .insert_many([
            doc! { "_id": "old", "at": DateTime::from_millis(now - 5_000) },
            doc! { "_id": "ancient", "at": DateTime::from_millis(-5_000) },
            doc! { "_id": "young", "at": DateTime::from_millis(now + 60_000) },
            doc! { "_id": "text", "at": "yesterday" },
            doc! { "_id": "several", "at": [DateTime::from_millis(now + 60_000), DateTime::from_millis(1)] },
        ])
        .await
        .unwrap();
    tokio::time::timeout(Duration::from_secs(5), async {
        while leases.estimated_document_count().await.unwrap() > 2 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("expired documents are removed within 5 s");
    let left = leases.distinct("_id", doc! {}).await.unwrap();
    assert_eq!(left, [Bson::from("text"), Bson::from("young")]);
}

#[tokio::test]
async fn unsupported_features_are_rejected_by_name() {
    let mongo = Mongo::start().await;
    let database = mongo.database();
    for (command, expected, named) in [
        (doc! { "mapReduce": "c" }, 59, "mapReduce"),
        (doc! { "find": "c", "colour": 1 }, 40415, "colour"),
        (
            doc! { "find": "c", "filter": { "a": { "$near": 1 } } },
            2,
            "$near",
        ),
        (
            doc! { "find": "c", "filter": { "$where": "1" } },
            2,
            "$where",
        ),
        (
            doc! { "aggregate": "c", "pipeline": [{ "$geoNear": {} }], "cursor": {} },
            40324,
            "$geoNear",
        ),
        (
            doc! { "find": "c", "collation": { "locale": "en" } },
            238,
            "collation",
        ),
        (
            doc! { "ping": 1, "startTransaction": true },
            20,
            "transactions",
        ),
        (
            doc! { "ping": 1, "writeConcern": { "w": 3 } },
            100,
            "data-bearing",
        ),
        (
            doc! { "createIndexes": "c", "indexes": [{ "key": { "a": "text" }, "name": "t" }] },
            67,
            "text",
        ),
        (
            doc! { "aggregate": "c", "pipeline": [{ "$project": { "a": { "$sin": 1 } } }], "cursor": {} },
            168,
            "$sin",
        ),
    ] {
        let error = database.run_command(command.clone()).await.unwrap_err();
        assert_eq!(code(&error), Some(expected), "{command}: {error}");
        assert!(error.to_string().contains(named), "{error} names {named}");
    }
}

#[tokio::test]
async fn server_status_counts_known_commands() {
    let mongo = Mongo::start().await;
    let collection = mongo.collection("c");
    for _ in 0..3 {
        collection.insert_one(doc! {}).await.unwrap();
    }
    let unknown = mongo.database().run_command(doc! { "dance": 1 }).await;
    unknown.unwrap_err();
    let database = mongo.database();
    let status = database.run_command(doc! { "serverStatus": 1 });
    let status = status.await.unwrap();
    let counts = status.get_document("metrics").unwrap();
    let counts = counts.get_document("commands").unwrap();
    let inserted = counts.get_document("insert").unwrap();
    assert_eq!(inserted.get_i64("total").unwrap(), 3);
    assert!(!counts.contains_key("dance"));
}
