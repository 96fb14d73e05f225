//! The WebSocket handshake, and limits of an open socket.

use std::sync::Arc;
use std::time::Duration;

use e2e::people::{Person, Socket};
use e2e::stack::Stack;
use e2e::suite::Test;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        item_30_the_page_s_origin_and_a_good_token_open_a_socket_that_repeats_no_token,
        item_29_a_missing_or_bad_token_opens_no_socket,
        item_29_a_token_whose_session_has_ended_opens_no_socket,
        item_33_no_frame_is_handled_after_its_session_ended,
        item_31_a_foreign_null_or_absent_origin_opens_no_socket,
        item_35_a_frame_over_32_kb_closes_with_1009,
        a_binary_frame_closes_with_1003,
        item_35_the_twenty_first_socket_of_a_user_is_refused,
        item_35_too_many_frames_are_too_fast_without_affecting_others,
    ]
}

async fn item_30_the_page_s_origin_and_a_good_token_open_a_socket_that_repeats_no_token(
    stack: Arc<Stack>,
) {
    let ann = Person::join(&stack, "Ann").await;
    let response = ann.client.get("/api/socket").await.expect(200);
    assert_eq!(response.fields(), ["protocol", "url"]);
    assert_eq!(response.text("/protocol"), "chat.v1");
    let url = response.text("/url");
    assert!(
        url.starts_with("ws://") || url.starts_with("wss://"),
        "{url}"
    );
    assert!(!url.contains(&ann.token), "no token in a URL");
    ann.socket().await.ping().await;
}

async fn item_29_a_missing_or_bad_token_opens_no_socket(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let handshake = ann.handshake().await;
    let cut = &ann.token[..ann.token.len() - 4];
    let lists: [&[&str]; 7] = [
        &[],
        &["chat.v1"],
        &["chat.v1", "token."],
        &["chat.v1", "token.nonsense"],
        &["chat.v1", "token.a.b.c"],
        &["chat.v1", &format!("token.{cut}")],
        &["chat.v1", &ann.token],
    ];
    for protocols in lists {
        let status = handshake.offering(protocols).refusal().await;
        assert!([401, 403].contains(&status), "{protocols:?}: {status}");
    }
    let query = format!("token={}", ann.token);
    let in_the_url = handshake.offering(&["chat.v1"]).with_query(&query);
    let status = in_the_url.refusal().await;
    assert!([401, 403].contains(&status), "{status}");
}

async fn item_29_a_token_whose_session_has_ended_opens_no_socket(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let handshake = ann.handshake().await;
    handshake.open().await.expect("it is live").ping().await;
    ann.logout().await.expect(204);
    let status = handshake.refusal().await;
    assert!([401, 403].contains(&status), "{status}");
}

async fn item_33_no_frame_is_handled_after_its_session_ended(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    a.say(&room, "before").await;
    b.receive_text(&room, "before").await;
    ann.logout().await.expect(204);
    for number in 0..20 {
        let id = format!("after-{number}");
        let frame = json!({"action": "message", "id": id, "room": room, "text": "after"});
        if !a.try_send(frame).await {
            break;
        }
    }
    a.closed_within(Duration::from_secs(5)).await;
    assert!(a.received("ack").is_empty(), "{:?}", a.summary());
    b.ping().await;
    assert!(b.received("message").is_empty(), "{:?}", b.summary());
    let page = bob.history(&room, "").await.expect(200);
    assert_eq!(page.number("/last_seq"), 1);
}

async fn item_31_a_foreign_null_or_absent_origin_opens_no_socket(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let handshake = ann.handshake().await;
    let own = ann.client.origin();
    let port = ann.client.port();
    let origins = [
        None,
        Some("null".to_owned()),
        Some("https://evil.example".to_owned()),
        Some(format!("{own}.evil.example")),
        Some(format!("{own}0")),
        Some(format!("{own}/")),
        Some(own.replace("http://", "https://")),
        Some(format!("http://evil-localhost:{port}")),
        Some(format!("http://evil.localhost:{port}")),
        Some(format!("http://127.0.0.1:{port}")),
        Some("http://localhost".to_owned()),
        Some(format!("https://evil.example/{own}")),
        Some(own.to_uppercase()),
    ];
    for origin in origins {
        let status = handshake.from_origin(origin.as_deref()).refusal().await;
        assert!([401, 403].contains(&status), "{origin:?}: {status}");
    }
    ann.socket().await.ping().await;
}

async fn item_35_a_frame_over_32_kb_closes_with_1009(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let frame = |bytes: usize| {
        let id = Socket::fresh_id();
        let empty = json!({"action": "message", "id": id, "room": room, "text": ""}).to_string();
        let text = "x".repeat(bytes - empty.len());
        json!({"action": "message", "id": id, "room": room, "text": text}).to_string()
    };
    let mut socket = ann.online().await;
    let largest = frame(32 * 1024);
    assert_eq!(largest.len(), 32 * 1024);
    socket.send_raw(Message::text(largest)).await;
    let problem = socket.expect("problem").await;
    assert_eq!(
        problem["error"], "invalid",
        "the text is too long: {problem}"
    );
    socket.ping().await;
    socket.send_raw(Message::text(frame(32 * 1024 + 1))).await;
    let code = socket.closed_within(Duration::from_secs(5)).await;
    assert_eq!(code, Some(1009));
}

async fn a_binary_frame_closes_with_1003(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let mut socket = ann.online().await;
    let bytes = b"{\"action\":\"ping\"}".to_vec();
    socket.send_raw(Message::binary(bytes)).await;
    let code = socket.closed_within(Duration::from_secs(5)).await;
    assert_eq!(code, Some(1003));
}

async fn item_35_the_twenty_first_socket_of_a_user_is_refused(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let handshake = ann.handshake().await;
    let mut sockets = Vec::new();
    for number in 1..=20 {
        match handshake.open().await {
            Ok(socket) => sockets.push(socket),
            Err(refused) => panic!("socket {number}: {refused:?}"),
        }
    }
    assert_eq!(handshake.refusal().await, 429);
    bob.socket().await.ping().await;
    for socket in sockets.drain(..10) {
        socket.close().await;
    }
    e2e::wait::eventually("room for another socket", e2e::wait::TIMEOUT, || async {
        handshake.open().await.ok()
    })
    .await
    .ping()
    .await;
}

async fn item_35_too_many_frames_are_too_fast_without_affecting_others(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob, &eve]).await;
    let (mut a, mut b, mut e) = tokio::join!(ann.online(), bob.online(), eve.online());
    let mut refused = None;
    // The bucket refills every second, so a slow machine needs more frames to
    // empty it.
    for _ in 0..40 {
        for _ in 0..25 {
            a.send(json!({"action": "typing", "room": room})).await;
        }
        b.ping().await;
        refused = a.received("problem").first().cloned();
        if refused.is_some() {
            break;
        }
    }
    let problem = refused.expect("so many frames are too fast");
    assert_eq!(problem["error"], "too_fast", "{problem}");
    assert!(problem["retry_at"].is_i64(), "{problem}");
    b.say(&room, "others are not affected").await;
    e.receive_text(&room, "others are not affected").await;
    a.receive_text(&room, "others are not affected").await;
    assert!(!a.is_closed(), "the socket stays open");
}
