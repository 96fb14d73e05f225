//! How connections end, and which `$disconnect` events follow.

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::socket::{ALL, Client, recorded, start};
use crate::support::eventually;

#[tokio::test]
async fn frames_beyond_the_limits_and_binary_ones_close_the_connection() {
    let (runner, record) = start(&ALL);
    let mut client = Client::connect(&runner).await;
    let shell = r#"{"action":"say","do":"wait","x":""}"#;
    let padding = "x".repeat(32 * 1024 - shell.len());
    let largest = shell.replace(r#""""#, &format!("\"{padding}\""));
    assert_eq!(largest.len(), 32 * 1024);
    client
        .0
        .send(Message::text(largest.clone()))
        .await
        .expect("sent");
    assert_eq!(client.text().await, "waited");
    client
        .0
        .send(Message::text(largest + " "))
        .await
        .expect("sent");
    assert_eq!(client.close_code().await, 1009);

    let mut client = Client::connect(&runner).await;
    for number in 0..5 {
        let kind = OpCode::Data(if number == 0 {
            Data::Text
        } else {
            Data::Continue
        });
        let frame = Frame::message(vec![b' '; 32 * 1024], kind, false);
        client.0.send(Message::Frame(frame)).await.expect("sent");
    }
    assert_eq!(client.close_code().await, 1009);

    let mut client = Client::connect(&runner).await;
    client.0.send(Message::binary(vec![1])).await.expect("sent");
    assert_eq!(client.close_code().await, 1003);

    let codes = async || -> Vec<Value> {
        let events = recorded(&record);
        events
            .iter()
            .map(|event| event["requestContext"]["disconnectStatusCode"].clone())
            .collect()
    };
    eventually("every end has its $disconnect", async || {
        codes().await.len() == 3
    })
    .await;
    let mut codes: Vec<_> = codes().await.iter().filter_map(Value::as_u64).collect();
    codes.sort_unstable();
    assert_eq!(codes, [1003, 1009, 1009]);
}

#[tokio::test]
async fn every_end_is_reported_to_disconnect_unless_it_is_dropped() {
    let (runner, record) = start(&ALL);
    let mut polite = Client::connect(&runner).await;
    polite.0.close(None).await.expect("closed");
    eventually("$disconnect after a close frame", async || {
        recorded(&record).len() == 1
    })
    .await;
    let abrupt = Client::connect(&runner).await;
    drop(abrupt);
    eventually("$disconnect after a lost connection", async || {
        recorded(&record).len() == 2
    })
    .await;
    let contexts: Vec<Value> = recorded(&record)
        .into_iter()
        .map(|event| event["requestContext"].clone())
        .collect();
    assert_eq!(contexts[0]["disconnectStatusCode"], 1005);
    assert_eq!(
        contexts[0]["disconnectReason"],
        "Client-side close frame status not set"
    );
    assert_eq!(contexts[0]["eventType"], "DISCONNECT");
    assert_eq!(contexts[1]["disconnectStatusCode"], 1006);

    let change = json!({"drop_disconnect_events": true});
    let put = runner
        .client
        .put(runner.url("/_local/websocket"))
        .json(&change)
        .send()
        .await;
    assert_eq!(put.expect("an answer").status(), 200);
    drop(Client::connect(&runner).await);
    eventually("the end is noticed", async || {
        runner.json("/_local/websocket").await["connections"] == 0
    })
    .await;
    assert_eq!(recorded(&record).len(), 2);
}

#[tokio::test]
async fn idle_and_old_connections_are_closed_with_1001() {
    let (runner, _record) = start(&ALL);
    let limit = async |change: Value| {
        let put = runner
            .client
            .put(runner.url("/_local/websocket"))
            .json(&change)
            .send()
            .await;
        assert_eq!(put.expect("an answer").status(), 200);
    };
    limit(json!({"idle_ms": 300})).await;
    let begin = std::time::Instant::now();
    let mut idle = Client::connect(&runner).await;
    assert_eq!(idle.close_code().await, 1001);
    assert!(begin.elapsed().as_millis() >= 300);

    limit(json!({"idle_ms": 60_000, "age_ms": 1500})).await;
    let begin = std::time::Instant::now();
    let mut old = Client::connect(&runner).await;
    old.id().await;
    assert_eq!(old.close_code().await, 1001);
    assert!(begin.elapsed().as_millis() >= 1500);
}

#[tokio::test]
async fn sockets_are_closed_with_1001_when_the_runner_stops() {
    let (runner, record) = start(&ALL);
    let mut client = Client::connect(&runner).await;
    let code = tokio::spawn(async move { client.close_code().await });
    let (status, _folder) = tokio::task::spawn_blocking(move || runner.end("TERM"))
        .await
        .expect("it ends");
    assert!(status.success());
    assert_eq!(code.await.expect("a code"), 1001);
    assert_eq!(recorded(&record).len(), 1);
}
