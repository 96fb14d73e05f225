//! What everything depends on is away, and comes back.

use std::sync::Arc;
use std::time::Duration;

use e2e::harness::Test;
use e2e::people::{Answer, Person, Socket, Visitor};
use e2e::stack::{Mode, Stack};
use e2e::wait::eventually;
use serde_json::json;

/// The drivers look for a server that was away every few seconds.
const RECOVERY: Duration = Duration::from_secs(45);

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_database_that_is_away_is_503_and_recovers_without_a_restart,
        a_database_that_does_not_answer_is_503_and_recovers_without_a_restart,
        a_broker_that_is_away_is_503_and_recovers_without_a_restart,
    ]
}

async fn a_database_that_is_away_is_503_and_recovers_without_a_restart(stack: Arc<Stack>) {
    without_a_database(&stack, Mode::Cut).await;
}

async fn a_database_that_does_not_answer_is_503_and_recovers_without_a_restart(stack: Arc<Stack>) {
    without_a_database(&stack, Mode::Frozen).await;
}

async fn without_a_database(stack: &Arc<Stack>, mode: Mode) {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    a.say(&room, "before").await;
    b.hear(&room, "before").await;
    let stranger = Visitor::new(stack, "Eve");
    let _expected = stack.journal.outage();

    let away = stack.database().hold(mode);
    let (registered, listed, refreshed) = tokio::join!(
        stranger.register(),
        ann.client.get("/api/rooms"),
        ann.refresh(&ann.cookie)
    );
    for answer in [registered, listed, refreshed] {
        answer
            .refused(503, "try_again")
            .tells_nothing_of_the_house();
    }
    let id = Socket::fresh_id();
    let frame = json!({"action": "message", "id": id, "room": room, "text": "meanwhile"});
    a.send(frame).await;
    let is_it = |problem: &serde_json::Value| problem["id"] == id;
    let waited = a.within(Duration::from_secs(30), "problem", is_it).await;
    let problem = waited.expect("the frame is answered");
    assert_eq!(problem["error"], "try_again", "{problem}");

    drop(away);
    eventually("rooms to be listed again", RECOVERY, || async {
        works_again(ann.client.get("/api/rooms").await, 200)
    })
    .await;
    let ack = eventually_said(&mut a, &id, &room, "meanwhile").await;
    assert_eq!(ack["seq"], 2);
    b.hear(&room, "meanwhile").await;
    eventually("a registration", RECOVERY, || async {
        works_again(stranger.register().await, 202)
    })
    .await;
    ann.refresh(&ann.cookie).await.expect(200);
    assert!(ann.is_signed_in().await);
}

async fn a_broker_that_is_away_is_503_and_recovers_without_a_restart(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    let broker = stack.descendants("beam.smp").await;
    assert_eq!(broker.len(), 1, "one broker: {broker:?}");
    let stranger = Visitor::new(&stack, "Eve");
    let _expected = stack.journal.outage();

    broker[0].signal("STOP");
    let (registered, logged_in, forgotten) =
        tokio::join!(stranger.register(), ann.login(), bob.forgot_password());
    for answer in [registered, logged_in, forgotten] {
        answer.refused(503, "try_again");
    }
    a.say(&room, "we can still talk").await;
    b.hear(&room, "we can still talk").await;
    broker[0].signal("CONT");

    // Somebody new each time, since one address gets only so many codes an hour.
    let (visitor, challenge) = eventually("a registration", RECOVERY, || async {
        let visitor = Visitor::new(&stack, "Dan");
        let answer = visitor.register().await;
        works_again(answer.clone(), 202)?;
        Some((visitor, answer.text("/challenge")))
    })
    .await;
    let code = visitor.code().await;
    visitor.verify(&challenge, &code).await.expect(200);
}

/// Either it works as before or it still says to try again; nothing else.
fn works_again(answer: Answer, status: u16) -> Option<()> {
    if answer.status == status {
        return Some(());
    }
    answer.refused(503, "try_again");
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
