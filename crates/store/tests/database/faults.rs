//! Repeated index builds, conflicting indexes, and an unavailable database.

use std::net::TcpListener;
use std::time::Duration;

use mongodb::IndexModel;
use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;
use store::sessions::Session;
use store::{Error, Settings, Store};

use crate::scratch::{NOW, Scratch, at_once};

#[tokio::test]
async fn making_the_indexes_again_or_several_times_at_once_is_harmless() {
    let store = Scratch::bare().await;
    at_once(3, async |_| store.create_indexes().await.unwrap()).await;
    store.create_indexes().await.unwrap();
    let messages = store.database().await.collection::<Document>("messages");
    let mut names = messages.list_index_names().await.unwrap();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "_id_",
            "room_1_pinned_at_1",
            "room_1_sender_1_client_id_1",
            "room_1_seq_1"
        ]
    );
}

#[tokio::test]
async fn an_index_of_the_same_name_that_is_another_is_an_error() {
    let store = Scratch::bare().await;
    let users = store.database().await.collection::<Document>("users");
    let plain = IndexModel::builder().keys(doc! { "email": 1 }).build();
    users.create_index(plain).await.unwrap();
    let error = store.create_indexes().await.unwrap_err();
    // IndexKeySpecsConflict.
    assert_eq!(error.to_string(), "the database returned error code 86");
    assert!(matches!(error, Error::Failed(_)), "a retry does not help");
}

#[tokio::test]
async fn an_index_with_another_ttl_is_an_error() {
    let store = Scratch::bare().await;
    let sessions = store.database().await.collection::<Document>("sessions");
    let options = IndexOptions::builder()
        .expire_after(Duration::from_secs(60))
        .build();
    let longer = IndexModel::builder()
        .keys(doc! { "expires": 1 })
        .options(options)
        .build();
    sessions.create_index(longer).await.unwrap();
    let error = store.create_indexes().await.unwrap_err();
    // IndexOptionsConflict.
    assert_eq!(error.to_string(), "the database returned error code 85");
}

#[tokio::test]
async fn an_error_names_no_value_of_the_document_at_fault() {
    let store = Scratch::new().await;
    let session = Session::new("a-secret-id".into(), "ada".into(), String::new(), NOW);
    store.insert_session(&session).await.unwrap();
    let error = store.insert_session(&session).await.unwrap_err();
    assert_eq!(error.to_string(), "the database returned error code 11000");
    assert!(matches!(error, Error::Failed(_)), "a retry does not help");
}

#[tokio::test]
async fn an_unavailable_database_does_not_fail_the_start() {
    let unused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let uri = format!("mongodb://{unused}/chat?serverSelectionTimeoutMS=100");
    let store = Store::connect(Settings { uri }).await.unwrap();
    let error = store.newest_seq("room").await.unwrap_err();
    assert_eq!(error.to_string(), "the database cannot be reached");
    assert!(matches!(error, Error::Unavailable(_)));
}
