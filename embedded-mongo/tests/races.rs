//! Concurrent writes: exactly one of many conflicting writers succeeds.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::time::Duration;

use futures_util::future::join_all;
use mongodb::IndexModel;
use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;

use support::{Mongo, code};

const ROUNDS: i32 = 60;
const CLIENTS: i32 = 50;

/// Upper bound for one round.
const ROUND_TIMEOUT: Duration = Duration::from_secs(20);

async fn all<T: Send + 'static>(one: impl Fn(i32) -> tokio::task::JoinHandle<T>) -> Vec<T> {
    let running = join_all((0..CLIENTS).map(one));
    tokio::time::timeout(ROUND_TIMEOUT, running)
        .await
        .expect("no client hangs")
        .into_iter()
        .map(|ended| ended.expect("no task panics"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_fifty_inserts_of_a_unique_key_succeeds_and_the_others_get_11000() {
    let mongo = Mongo::start().await;
    let users = mongo.collection("users");
    let index = IndexModel::builder()
        .keys(doc! { "name": 1 })
        .options(IndexOptions::builder().unique(true).build())
        .build();
    users.create_index(index).await.unwrap();
    for round in 0..ROUNDS {
        let outcomes = all(|client| {
            let users = users.clone();
            tokio::spawn(
                async move { users.insert_one(doc! { "name": round, "by": client }).await },
            )
        })
        .await;
        let losers: Vec<_> = outcomes
            .iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .collect();
        assert_eq!(losers.len() as i32, CLIENTS - 1, "round {round}");
        assert!(
            losers.iter().all(|error| code(error) == Some(11000)),
            "{losers:?}"
        );
    }
    assert_eq!(
        users.estimated_document_count().await.unwrap(),
        ROUNDS as u64
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_fifty_upserts_inserts_and_the_others_match() {
    let mongo = Mongo::start().await;
    let counters = mongo.collection("counters");
    for round in 0..ROUNDS {
        let outcomes = all(|_| {
            let counters = counters.clone();
            tokio::spawn(async move {
                counters
                    .update_one(doc! { "_id": round }, doc! { "$inc": { "n": 1 } })
                    .upsert(true)
                    .await
                    .unwrap()
            })
        })
        .await;
        let winners = outcomes
            .iter()
            .filter(|outcome| outcome.upserted_id.is_some())
            .count();
        assert_eq!(winners, 1, "round {round}");
        let counter = counters
            .find_one(doc! { "_id": round })
            .await
            .unwrap()
            .unwrap();
        assert_eq!(counter.get_i32("n").unwrap(), CLIENTS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_fifty_conditional_updates_matches() {
    let mongo = Mongo::start().await;
    let claims = mongo.collection("claims");
    for round in 0..ROUNDS {
        claims
            .insert_one(doc! { "_id": round, "free": true })
            .await
            .unwrap();
        let outcomes = all(|client| {
            let claims = claims.clone();
            tokio::spawn(async move {
                claims
                    .find_one_and_update(
                        doc! { "_id": round, "free": true },
                        doc! { "$set": { "free": false, "by": client } },
                    )
                    .await
                    .unwrap()
            })
        })
        .await;
        let winners: Vec<&Document> = outcomes.iter().flatten().collect();
        assert_eq!(winners.len(), 1, "round {round}");
        assert!(winners[0].get_bool("free").unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sequence_assigned_by_fifty_clients_has_no_gaps_with_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mongo = Mongo::with_folder(folder.path()).await;
    let messages = mongo.collection("messages");
    let index = IndexModel::builder()
        .keys(doc! { "room": 1, "seq": 1 })
        .options(IndexOptions::builder().unique(true).build())
        .build();
    messages.create_index(index).await.unwrap();
    let tries = all(|client| {
        let messages = messages.clone();
        tokio::spawn(async move {
            for tries in 1.. {
                let last = messages
                    .find_one(doc! { "room": "r" })
                    .sort(doc! { "seq": -1 })
                    .await
                    .unwrap();
                let next = last.map_or(1, |last| last.get_i32("seq").unwrap() + 1);
                let message = doc! { "room": "r", "seq": next, "by": client };
                match messages.insert_one(message).await {
                    Ok(_) => return tries,
                    Err(error) => assert_eq!(code(&error), Some(11000)),
                }
            }
            unreachable!("one client succeeds in each round")
        })
    })
    .await;
    assert_eq!(tries.len() as i32, CLIENTS);
    let seqs = messages.distinct("seq", doc! {}).await.unwrap();
    assert_eq!(seqs, (1..=CLIENTS).map(Into::into).collect::<Vec<_>>());
}
