//! Handshakes, and the routes that frames take.

use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::socket::{ALL, Client, start};

#[tokio::test]
async fn a_handshake_waits_for_connect_and_has_its_status_and_subprotocol() {
    let (runner, _record) = start(&ALL);
    let protocol = "?protocol=chat.v1";
    let (_, chosen) = Client::connect_with(&runner, protocol)
        .await
        .expect("it opens");
    assert_eq!(chosen.as_deref(), Some("chat.v1"));
    for (query, status) in [
        ("?status=401", 401),
        ("?status=403", 403),
        ("?status=302", 302),
        ("?do=fail", 502),
        ("?do=malformed", 502),
        ("?protocols", 101),
    ] {
        let refused = Client::connect_with(&runner, query).await.map(|_| ());
        assert_eq!(refused, Err(status), "{query}");
    }
    // During `$connect` there is no connection yet.
    assert!(Client::connect_with(&runner, "?do=post").await.is_ok());

    let plain = runner.get("/live").await;
    assert_eq!(plain.status(), 426);
}

#[tokio::test]
async fn frames_take_the_route_that_they_select() {
    let (runner, _record) = start(&ALL);
    let mut client = Client::connect(&runner).await;
    client.send(&json!({"action": "say"})).await;
    let event = client.json().await;
    assert_eq!(event["requestContext"]["routeKey"], "say");
    assert_eq!(event["requestContext"]["eventType"], "MESSAGE");
    assert_eq!(event["requestContext"]["identity"]["userAgent"], "test");
    let id = event["requestContext"]["connectionId"]
        .as_str()
        .expect("an id");
    assert!(id.ends_with('='), "{id}");

    for selects_nothing in [
        "not json",
        r#"{"action":"unknown"}"#,
        r#"{"action":"$connect"}"#,
    ] {
        client
            .0
            .send(Message::text(selects_nothing))
            .await
            .expect("sent");
        let notice = client.json().await;
        assert_eq!(notice["message"], "Forbidden", "{selects_nothing}");
        assert_eq!(notice["connectionId"], id);
        assert!(notice["requestId"].is_string());
    }
    for fails in [
        json!({"action": "say", "do": "fail"}),
        json!({"action": "say", "do": "malformed"}),
        json!({"action": "hasty", "do": "wait", "ms": 2000}),
        json!({"action": "quiet", "do": "fail"}),
    ] {
        client.send(&fails).await;
        assert_eq!(
            client.json().await["message"],
            "Internal server error",
            "{fails}"
        );
    }
    // Neither a body without a route response nor a route response without a body makes a frame.
    client.send(&json!({"action": "quiet"})).await;
    client
        .send(&json!({"action": "say", "do": "nothing"}))
        .await;
    let answer = client
        .ask(&json!({"action": "say", "do": "wait", "ms": 50}))
        .await;
    assert_eq!(answer, "waited");
}

#[tokio::test]
async fn a_default_route_takes_what_no_other_takes() {
    let (runner, _record) = start(&[("$default", "", true)]);
    let mut client = Client::connect(&runner).await;
    for anything in ["not json", "{}", r#"{"action":"$disconnect"}"#] {
        client.0.send(Message::text(anything)).await.expect("sent");
        let event = client.json().await;
        assert_eq!(
            event["requestContext"]["routeKey"], "$default",
            "{anything}"
        );
        assert_eq!(event["body"], anything);
    }
}

#[tokio::test]
async fn frames_of_one_connection_are_handled_at_the_same_time() {
    let (runner, _record) = start(&ALL);
    let mut client = Client::connect(&runner).await;
    client
        .send(&json!({"action": "say", "do": "wait", "ms": 3000}))
        .await;
    client.send(&json!({"action": "say"})).await;
    assert_eq!(client.json().await["requestContext"]["routeKey"], "say");
    assert_eq!(client.text().await, "waited");
}
