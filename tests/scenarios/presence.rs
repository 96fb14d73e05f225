//! Presence.

use std::collections::BTreeSet;
use std::sync::Arc;

use e2e::people::Person;
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::{TIMEOUT, eventually, now};
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        presence_follows_the_first_and_last_socket,
        presence_is_sent_to_shared_rooms_only,
    ]
}

async fn presence_follows_the_first_and_last_socket(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob, &eve]).await;
    let mut a = ann.online().await;
    let about_bob = |frame: &Value| frame["user"]["id"] == bob.id;

    let first = bob.online().await;
    let came = a.expect_where("presence", about_bob).await;
    assert_eq!(
        (&came["room"], &came["online"]),
        (&json!(room), &json!(true))
    );
    let lease = came["until"].as_i64().unwrap_or_default() - now().as_millis();
    assert!((200_000..=330_000).contains(&lease), "{lease} ms");
    assert_eq!(
        online(&ann, &room).await,
        [&ann.id, &bob.id].into_iter().cloned().collect()
    );

    let second = bob.online().await;
    let e = eve.online().await;
    first.close().await;
    e.close().await;
    // Eve went offline after Bob's first socket closed, and only hers is sent.
    let gone =
        |frame: &Value, who: &Person| frame["user"]["id"] == who.id && frame["online"] == false;
    a.expect_where("presence", |frame| gone(frame, &eve)).await;
    let received = a.received("presence");
    assert!(
        !received.iter().any(|frame| gone(frame, &bob)),
        "{received:?}"
    );
    second.close().await;
    a.expect_where("presence", |frame| gone(frame, &bob)).await;
    eventually("Bob to be gone", TIMEOUT, || async {
        (online(&ann, &room).await == [ann.id.clone()].into()).then_some(())
    })
    .await;
}

async fn presence_is_sent_to_shared_rooms_only(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    eve.create_group("Cake", &[]).await;
    let (mut a, mut e) = tokio::join!(ann.online(), eve.online());
    let b = bob.online().await;
    let about_bob = |frame: &Value| frame["user"]["id"] == bob.id;
    let came = a.expect_where("presence", about_bob).await;
    assert_eq!(came["room"], room);
    e.ping().await;
    assert_eq!(e.received("presence"), Vec::<Value>::new());
    b.close().await;
}

async fn online(person: &Person, room: &str) -> BTreeSet<String> {
    let seen = person.room(room).await.expect(200);
    let online = seen.body["room"]["online"].as_array();
    online
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect()
}
