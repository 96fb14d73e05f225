//! Who is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use e2e::harness::Test;
use e2e::people::Person;
use e2e::stack::Stack;
use e2e::wait::{PATIENCE, eventually, now};
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        one_comes_with_the_first_socket_and_goes_with_the_last,
        presence_is_heard_in_shared_rooms_alone,
    ]
}

async fn one_comes_with_the_first_socket_and_goes_with_the_last(stack: Arc<Stack>) {
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
    // Eve went after Bob's first socket, and it is heard that she did.
    let gone =
        |frame: &Value, who: &Person| frame["user"]["id"] == who.id && frame["online"] == false;
    a.expect_where("presence", |frame| gone(frame, &eve)).await;
    let heard = a.heard("presence");
    assert!(!heard.iter().any(|frame| gone(frame, &bob)), "{heard:?}");
    second.close().await;
    a.expect_where("presence", |frame| gone(frame, &bob)).await;
    eventually("Bob to be gone", PATIENCE, || async {
        (online(&ann, &room).await == [ann.id.clone()].into()).then_some(())
    })
    .await;
}

async fn presence_is_heard_in_shared_rooms_alone(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    eve.create_group("Cake", &[]).await;
    let (mut a, mut e) = tokio::join!(ann.online(), eve.online());
    let b = bob.online().await;
    let about_bob = |frame: &Value| frame["user"]["id"] == bob.id;
    let came = a.expect_where("presence", about_bob).await;
    assert_eq!(came["room"], room);
    e.ping().await;
    assert_eq!(e.heard("presence"), Vec::<Value>::new());
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
