//! Lambda freezes a function between two events, possibly for minutes. Its
//! connections may be closed by the peer meanwhile, which the function notices only
//! while it handles the next event.

use std::sync::Arc;
use std::time::Duration;

use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::eventually;

/// How long restarting the broker may take on a busy machine.
const RESTART: Duration = Duration::from_secs(90);

pub fn tests() -> Vec<Test> {
    e2e::tests![
        frozen_functions_reconnect_to_the_database_at_once,
        frozen_functions_reconnect_to_the_broker_at_once,
    ]
}

async fn frozen_functions_reconnect_to_the_database_at_once(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    a.say(&room, "before").await;
    b.receive_text(&room, "before").await;
    // Two rounds: the first event of a function does not use all connections of
    // its pool.
    for round in ["first", "second"] {
        let frozen = stack.freeze().await;
        stack.database().disconnect_all().await;
        drop(frozen);
        ann.client.get("/api/me").await.expect(200);
        ann.client.get("/api/rooms").await.expect(200);
        ann.refresh(&ann.cookie).await.expect(200);
        let text = format!("after the {round} freeze");
        a.say(&room, &text).await;
        b.receive_text(&room, &text).await;
        bob.forgot_password().await.expect(202);
        bob.code().await;
        Visitor::new(&stack, "Eve").sign_up().await;
    }
}

async fn frozen_functions_reconnect_to_the_broker_at_once(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    ann.login().await.expect(200);
    ann.code().await;
    let _expected = stack.journal.expect_errors();
    let frozen = stack.freeze().await;
    let broker = stack.descendants("-s rabbit boot").await;
    assert_eq!(broker.len(), 1, "one broker: {broker:?}");
    broker[0].signal("KILL");
    eventually("another broker", RESTART, || async {
        stack.try_broker().await.ok()
    })
    .await;
    drop(frozen);
    // The first request of each function after the freeze.
    ann.login().await.expect(200);
    ann.code().await;
    Visitor::new(&stack, "Eve").sign_up().await;
}
