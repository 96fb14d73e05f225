//! Floods: more frames than the limit, and longer messages.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::people::{Person, Socket, Visitor};
use e2e::soak::{Plan, Until, run};
use e2e::stack::Stack;
use e2e::suite::Test;
use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// How long answering all frames may take on a busy machine.
const FLOOD: Duration = Duration::from_secs(100);

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_fragmented_message_may_have_128_kb_and_no_more,
        ten_thousand_frames_at_once_are_too_fast_and_affect_no_other_user,
        item_51_requests_beyond_the_limit_are_too_fast_and_prevent_no_sign_out,
    ]
}

async fn a_fragmented_message_may_have_128_kb_and_no_more(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let mut socket = ann.online().await;
    let frame = |bytes: usize| {
        let empty = json!({"action": "message", "id": "long", "room": room, "text": ""});
        let text = "x".repeat(bytes - empty.to_string().len());
        json!({"action": "message", "id": "long", "room": room, "text": text}).to_string()
    };
    in_parts(&mut socket, &frame(128 * 1024)).await;
    let problem = socket.expect("problem").await;
    assert_eq!(
        problem["error"], "invalid",
        "the text is too long: {problem}"
    );
    socket.ping().await;
    in_parts(&mut socket, &frame(128 * 1024 + 1)).await;
    let code = socket.closed_within(Duration::from_secs(5)).await;
    assert_eq!(code, Some(1009));
}

/// Sends a text in frames of at most 32 KB.
async fn in_parts(socket: &mut Socket, text: &str) {
    let parts: Vec<&[u8]> = text.as_bytes().chunks(32 * 1024).collect();
    for (number, part) in parts.iter().enumerate() {
        let kind = if number == 0 {
            Data::Text
        } else {
            Data::Continue
        };
        let is_last = number + 1 == parts.len();
        let frame = Frame::message(part.to_vec(), OpCode::Data(kind), is_last);
        socket.send_raw(Message::Frame(frame)).await;
    }
}

async fn ten_thousand_frames_at_once_are_too_fast_and_affect_no_other_user(stack: Arc<Stack>) {
    const FRAMES: usize = 10_000;
    let eve = Person::join(&stack, "Eve").await;
    let cake = eve.create_group("Cake", &[]).await;
    let mut e = eve.online().await;
    let load_started = Arc::new(Notify::new());
    let begins = Arc::clone(&load_started);
    let flood = tokio::spawn(async move {
        begins.notified().await;
        let began = Instant::now();
        for number in 0..FRAMES {
            let id = format!("flood-{number}");
            let frame = json!({"action": "message", "id": id, "room": cake, "text": "x"});
            e.send(frame).await;
        }
        // A pong means that the bucket has a token again.
        let ping = json!({"action": "ping"});
        let mut is_over = false;
        while !is_over && began.elapsed() < FLOOD {
            e.send(ping.clone()).await;
            let second = Duration::from_secs(1);
            is_over = e.within(second, "pong", |_| true).await.is_some();
        }
        assert!(is_over, "no frame was accepted after {FLOOD:?}");
        (e, began.elapsed())
    });
    let plan = Plan {
        people: 3,
        rooms: 1,
        rate: 6.0,
        until: Until::Time(Duration::from_secs(30)),
        seed: 3,
        faults: BTreeSet::new(),
    };
    let verdict = run(&stack, &plan, |_| load_started.notify_one()).await;
    let (e, took) = flood.await.expect("the flood ends");

    // A frame that finds all processes busy is refused by the gateway instead and
    // takes no token.
    let granted = 200 + 20 * (took.as_secs() as usize + 1);
    let acks = e.count(|frame| frame["event"] == "ack");
    assert!(acks <= granted, "{acks} of {granted} in {took:?}");
    let problems = e.received("problem");
    assert!(problems.len() > 100, "{} were too fast", problems.len());
    for problem in problems {
        assert_eq!(problem["error"], "too_fast", "{problem}");
        assert!(problem["retry_at"].is_i64(), "{problem}");
    }
    assert!(!e.is_closed(), "the socket stays open");
    assert!(verdict.is_clean(), "{took:?}:\n{verdict}");
    assert_eq!(verdict.broken_links, 0, "{verdict}");
    let median = verdict.median_delivery();
    assert!(median < Duration::from_secs(2), "{took:?}:\n{verdict}");
}

/// A flood of requests in one session, as from a thief of its token.
async fn item_51_requests_beyond_the_limit_are_too_fast_and_prevent_no_sign_out(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    let stolen = visitor.sign_up().await;
    let own = visitor.sign_in().await;
    let bob = Person::join(&stack, "Bob").await;
    let is_refused = Arc::new(Notify::new());
    let flood = tokio::spawn(flood(stolen.clone(), Arc::clone(&is_refused)));
    is_refused.notified().await;

    // The limit is one for all routes and sessions of the user.
    for path in ["/api/me", "/api/factors", "/api/rooms", "/api/invitations"] {
        let answers = join_all((0..40).map(|_| own.client.get(path))).await;
        let refused = answers
            .iter()
            .find(|answer| answer.body["error"] == "too_fast");
        let refused = refused.unwrap_or_else(|| panic!("{path} is not limited"));
        assert_eq!(refused.status, 429, "{path}");
        assert!(refused.body["retry_at"].is_i64(), "{}", refused.body);
        assert!(refused.header("retry-after").is_some(), "{path}");
    }
    bob.client.get("/api/me").await.expect(200);
    let own = Person::new(
        Visitor::clone(&own),
        &own.refresh(&own.cookie).await.expect(200),
    );
    let sessions = own.client.get("/api/sessions").await.expect(200);
    let sessions = sessions.body["sessions"].as_array();
    let other = sessions
        .expect("a list")
        .iter()
        .find(|one| one["current"] == false);
    let other = other.and_then(|one| one["id"].as_str());
    let path = format!("/api/sessions/{}", other.expect("the stolen session"));
    own.client.delete(&path).await.expect(204);
    // The flood ends with its session.
    let (accepted, took) = flood.await.expect("the flood ends");
    let allowed = 600 + 20 * (took.as_secs() as usize + 1);
    assert!(accepted <= allowed, "{accepted} of {allowed} in {took:?}");
    own.logout().await.expect(204);
}

/// Sends requests until the session has ended; returns how many were accepted. Notifies
/// at the first that was refused.
async fn flood(person: Person, is_refused: Arc<Notify>) -> (usize, Duration) {
    let (began, mut accepted) = (Instant::now(), 0);
    loop {
        let answers = join_all((0..16).map(|_| person.client.get("/api/me"))).await;
        if answers.iter().any(|answer| answer.status == 401) {
            return (accepted, began.elapsed());
        }
        accepted += answers.iter().filter(|answer| answer.status == 200).count();
        if answers
            .iter()
            .any(|answer| answer.body["error"] == "too_fast")
        {
            is_refused.notify_one();
        }
        assert!(began.elapsed() < FLOOD, "{accepted} requests were accepted");
    }
}
