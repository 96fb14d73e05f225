//! The database or the broker is unavailable, and recovers.

use std::sync::Arc;
use std::time::Duration;

use e2e::people::{Person, Response, Socket, Visitor};
use e2e::stack::{Mode, Stack};
use e2e::suite::Test;
use e2e::wait::eventually;
use serde_json::json;

/// The drivers retry a lost server every few seconds.
const RECOVERY: Duration = Duration::from_secs(45);

pub fn tests() -> Vec<Test> {
    e2e::tests![
        an_unreachable_database_is_503_and_recovers_without_a_restart,
        an_unresponsive_database_is_503_and_recovers_without_a_restart,
        an_unavailable_broker_is_503_and_recovers_without_a_restart,
    ]
}

async fn an_unreachable_database_is_503_and_recovers_without_a_restart(stack: Arc<Stack>) {
    without_a_database(&stack, Mode::Cut).await;
}

async fn an_unresponsive_database_is_503_and_recovers_without_a_restart(stack: Arc<Stack>) {
    without_a_database(&stack, Mode::Frozen).await;
}

async fn without_a_database(stack: &Arc<Stack>, mode: Mode) {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    a.say(&room, "before").await;
    b.receive_text(&room, "before").await;
    let stranger = Visitor::new(stack, "Eve");
    let _expected = stack.journal.expect_errors();

    let outage = stack.database().hold(mode);
    let (registered, listed, refreshed) = tokio::join!(
        stranger.register(),
        ann.client.get("/api/rooms"),
        ann.refresh(&ann.cookie)
    );
    for response in [registered, listed, refreshed] {
        response
            .refused(503, "try_again")
            .assert_leaks_no_internals();
    }
    let id = Socket::fresh_id();
    let frame = json!({"action": "message", "id": id, "room": room, "text": "meanwhile"});
    a.send(frame).await;
    let is_it = |problem: &serde_json::Value| problem["id"] == id;
    let waited = a.within(Duration::from_secs(30), "problem", is_it).await;
    let problem = waited.expect("the frame is answered");
    assert_eq!(problem["error"], "try_again", "{problem}");

    drop(outage);
    eventually("rooms to be listed again", RECOVERY, || async {
        works_again(ann.client.get("/api/rooms").await, 200)
    })
    .await;
    let ack = eventually_said(&mut a, &id, &room, "meanwhile").await;
    assert_eq!(ack["seq"], 2);
    b.receive_text(&room, "meanwhile").await;
    eventually("a registration", RECOVERY, || async {
        works_again(stranger.register().await, 202)
    })
    .await;
    ann.refresh(&ann.cookie).await.expect(200);
    assert!(ann.is_signed_in().await);
}

async fn an_unavailable_broker_is_503_and_recovers_without_a_restart(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    let broker = stack.descendants("beam.smp").await;
    assert_eq!(broker.len(), 1, "one broker: {broker:?}");
    let stranger = Visitor::new(&stack, "Eve");
    let _expected = stack.journal.expect_errors();

    broker[0].signal("STOP");
    let (registered, logged_in, forgotten) =
        tokio::join!(stranger.register(), ann.login(), bob.forgot_password());
    for response in [registered, logged_in, forgotten] {
        response.refused(503, "try_again");
    }
    a.say(&room, "we can still talk").await;
    b.receive_text(&room, "we can still talk").await;
    broker[0].signal("CONT");

    // A new address each time, since codes per address are limited.
    let (visitor, challenge) = eventually("a registration", RECOVERY, || async {
        let visitor = Visitor::new(&stack, "Dan");
        let response = visitor.register().await;
        works_again(response.clone(), 202)?;
        Some((visitor, response.text("/challenge")))
    })
    .await;
    let code = visitor.code().await;
    visitor.verify(&challenge, &code).await.expect(200);
}

/// The response is either the usual one or `try_again`.
fn works_again(response: Response, status: u16) -> Option<()> {
    if response.status == status {
        return Some(());
    }
    response.refused(503, "try_again");
    None
}

async fn eventually_said(
    socket: &mut Socket,
    id: &str,
    room: &str,
    text: &str,
) -> serde_json::Value {
    for _ in 0..20 {
        let frame = json!({"action": "message", "id": id, "room": room, "text": text});
        socket.send(frame).await;
        let is_it = |ack: &serde_json::Value| ack["id"] == id;
        if let Some(ack) = socket.within(Duration::from_secs(3), "ack", is_it).await {
            return ack;
        }
    }
    panic!("{text:?} was never acknowledged: {:?}", socket.summary())
}
