//! Lambda freezes a function between two events, for minutes; what it was
//! connected to hangs up meanwhile, and the function learns of it only when it
//! has the next event in hand.

use std::sync::Arc;
use std::time::Duration;

use e2e::harness::Test;
use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use e2e::wait::eventually;

/// Until a broker that was killed is up again on a busy machine.
const RESTART: Duration = Duration::from_secs(90);

pub fn tests() -> Vec<Test> {
    e2e::tests![
        functions_whose_database_hung_up_while_they_were_frozen_answer_at_once,
        functions_whose_broker_hung_up_while_they_were_frozen_answer_at_once,
    ]
}

async fn functions_whose_database_hung_up_while_they_were_frozen_answer_at_once(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    a.say(&room, "before").await;
    b.hear(&room, "before").await;
    // Twice, since a function has some connections that the first event finds
    // and others, for what it does at once, that only a later one does.
    for round in ["first", "second"] {
        let frozen = stack.freeze().await;
        stack.database().hang_up().await;
        drop(frozen);
        ann.client.get("/api/me").await.expect(200);
        ann.client.get("/api/rooms").await.expect(200);
        ann.refresh(&ann.cookie).await.expect(200);
        let text = format!("after the {round} freeze");
        a.say(&room, &text).await;
        b.hear(&room, &text).await;
        bob.forgot_password().await.expect(202);
        bob.code().await;
        Visitor::new(&stack, "Eve").sign_up().await;
    }
}

async fn functions_whose_broker_hung_up_while_they_were_frozen_answer_at_once(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    ann.login().await.expect(200);
    ann.code().await;
    let _expected = stack.journal.outage();
    let frozen = stack.freeze().await;
    let broker = stack.descendants("-s rabbit boot").await;
    assert_eq!(broker.len(), 1, "one broker: {broker:?}");
    broker[0].signal("KILL");
    eventually("another broker", RESTART, || async {
        stack.try_broker().await.ok()
    })
    .await;
    drop(frozen);
    // The first request of each function, and its mail.
    ann.login().await.expect(200);
    ann.code().await;
    Visitor::new(&stack, "Eve").sign_up().await;
}
