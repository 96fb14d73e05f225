//! `@connections`, through the AWS SDK in a function.

use serde_json::{Value, json};

use crate::socket::{ALL, Client, start};

#[tokio::test]
async fn functions_post_to_connections_ask_about_them_and_close_them() {
    let (runner, _record) = start(&ALL);
    let mut one = Client::connect(&runner).await;
    let mut other = Client::connect(&runner).await;
    let to = other.id().await;
    let ask = |what: &str| json!({"action": "say", "do": what, "to": to});

    assert_eq!(one.ask(&ask("post")).await, "posted");
    assert_eq!(other.text().await, "xx");
    // Over 32 KB it comes in several frames, and over 128 KB not at all.
    let mut large = ask("post");
    large["bytes"] = json!(128 * 1024);
    assert_eq!(one.ask(&large).await, "posted");
    assert_eq!(other.text().await.len(), 128 * 1024);
    large["bytes"] = json!(128 * 1024 + 1);
    assert_eq!(one.ask(&large).await, "PayloadTooLargeException");

    let found: Value = serde_json::from_str(&one.ask(&ask("get")).await).expect("JSON");
    assert!(
        found["ip"] == "127.0.0.1" || found["ip"] == "::1",
        "{found}"
    );
    assert!(found["connected"].as_i64() > Some(1_700_000_000));

    assert_eq!(
        one.ask(&json!({"action": "outside", "do": "post", "to": to}))
            .await,
        "AccessDeniedException"
    );

    let ask_as = |route: &str, what: &str| json!({"action": route, "do": what, "to": to});
    assert_eq!(one.ask(&ask_as("posting", "post")).await, "posted");
    assert_eq!(other.text().await, "xx");
    for (route, what) in [
        ("posting", "delete"),
        ("posting", "get"),
        ("denied", "post"),
    ] {
        let outcome = one.ask(&ask_as(route, what)).await;
        assert_eq!(outcome, "AccessDeniedException", "{route} {what}");
    }
    let malformed = json!({"action": "say", "do": "post", "to": "malformed"});
    assert_eq!(one.ask(&malformed).await, "BadRequestException");

    assert_eq!(one.ask(&ask("post-to-domain")).await, "posted");
    assert_eq!(other.text().await, "over TLS");

    assert_eq!(one.ask(&ask("delete")).await, "deleted");
    assert_eq!(other.close_code().await, 1000);
    for what in ["post", "get", "delete"] {
        assert_eq!(one.ask(&ask(what)).await, "GoneException", "{what}");
    }
    let log = runner.log();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_refused_more_with_429() {
    let (runner, _record) = start(&ALL);
    let mut one = Client::connect(&runner).await;
    let mut deaf = Client::connect(&runner).await;
    let to = deaf.id().await;
    let outcome = one
        .ask(&json!({"action": "say", "do": "flood", "to": to}))
        .await;
    assert_eq!(outcome, "LimitExceededException");
    // What was taken before is delivered all the same.
    assert_eq!(deaf.text().await.len(), 100 * 1024);
}

#[tokio::test]
async fn a_frame_reaches_two_hundred_connections_in_a_moment() {
    let (runner, _record) = start(&ALL);
    let mut clients = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..200 {
        let mut client = Client::connect(&runner).await;
        ids.push(client.id().await);
        clients.push(client);
    }
    let mut sender = Client::connect(&runner).await;
    let frame = json!({"action": "say", "do": "fan-out", "ids": ids});
    let answer: Value = serde_json::from_str(&sender.ask(&frame).await).expect("JSON");
    for client in &mut clients {
        assert_eq!(client.text().await, "to all");
    }
    println!("200 posts took {} ms", answer["took_ms"]);
    assert!(answer["took_ms"].as_u64() < Some(5000), "{answer}");
}
