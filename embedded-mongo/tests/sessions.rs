//! Retryable writes and sessions.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use mongodb::bson::{Document, Uuid, doc};

use support::{Mongo, code};

fn retryable(mut command: Document, session: Uuid, number: i64) -> Document {
    command.insert("lsid", doc! { "id": session });
    command.insert("txnNumber", number);
    command
}

#[tokio::test]
async fn a_retried_insert_runs_once() {
    let mongo = Mongo::start().await;
    let command = retryable(
        doc! { "insert": "c", "documents": [{ "a": 1 }, { "a": 2 }] },
        Uuid::new(),
        1,
    );
    for _ in 0..3 {
        let reply = mongo.database().run_command(command.clone()).await.unwrap();
        assert_eq!(reply.get_i32("n").unwrap(), 2);
    }
    assert_eq!(
        mongo
            .collection("c")
            .estimated_document_count()
            .await
            .unwrap(),
        2
    );
}

#[tokio::test]
async fn only_failed_statements_run_again() {
    let mongo = Mongo::start().await;
    let collection = mongo.collection("c");
    collection.insert_one(doc! { "_id": 2 }).await.unwrap();
    let command = retryable(
        doc! { "insert": "c", "documents": [{ "_id": 1 }, { "_id": 2 }, { "_id": 3 }], "ordered": false },
        Uuid::new(),
        1,
    );
    let reply = mongo.database().run_command(command.clone()).await.unwrap();
    assert_eq!(reply.get_array("writeErrors").unwrap().len(), 1);
    collection.delete_many(doc! {}).await.unwrap();
    let reply = mongo.database().run_command(command).await.unwrap();
    assert_eq!(reply.get_i32("n").unwrap(), 3);
    assert!(!reply.contains_key("writeErrors"));
    assert_eq!(
        collection.distinct("_id", doc! {}).await.unwrap(),
        [2.into()]
    );
}

#[tokio::test]
async fn a_retried_find_and_modify_returns_the_same_document() {
    let mongo = Mongo::start().await;
    mongo
        .collection("c")
        .insert_one(doc! { "_id": 1, "n": 0 })
        .await
        .unwrap();
    let session = Uuid::new();
    let command = |number| {
        retryable(
            doc! { "findAndModify": "c", "query": { "_id": 1 }, "update": { "$inc": { "n": 1 } }, "new": true },
            session,
            number,
        )
    };
    let database = mongo.database();
    let first = database.run_command(command(5)).await.unwrap();
    let again = database.run_command(command(5)).await.unwrap();
    assert_eq!(first.get("value"), again.get("value"));
    let next = database.run_command(command(6)).await.unwrap();
    assert_eq!(
        next.get_document("value").unwrap(),
        &doc! { "_id": 1, "n": 2 }
    );
    let error = database.run_command(command(5)).await.unwrap_err();
    assert_eq!(code(&error), Some(225), "{error}");
}

#[tokio::test]
async fn a_transaction_is_rejected_before_anything_is_written() {
    let mongo = Mongo::start().await;
    let mut session = mongo.client.start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    let error = mongo
        .collection("c")
        .insert_one(doc! { "a": 1 })
        .session(&mut session)
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(20), "{error}");
    assert_eq!(
        mongo
            .collection("c")
            .estimated_document_count()
            .await
            .unwrap(),
        0
    );
}
