//! Presence.

use std::collections::BTreeSet;
use std::sync::Arc;

use e2e::people::Person;
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::{TIMEOUT, eventually, now};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// The sockets that a user may have.
const SOCKETS: usize = 20;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        presence_follows_the_first_and_last_socket,
        presence_is_sent_to_shared_rooms_only,
        finding_5_as_many_sockets_as_allowed_return_at_once_after_a_cut,
        lists_describe_direct_rooms_with_their_members_and_who_is_online,
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

async fn finding_5_as_many_sockets_as_allowed_return_at_once_after_a_cut(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let handshake = ann.handshake().await;
    let open_all = async || join_all((0..SOCKETS).map(|_| handshake.open())).await;
    let first = open_all().await;
    assert!(first.iter().all(Result::is_ok));
    // The connections end without a close frame, all in the same moment.
    drop(first);
    let second = open_all().await;
    let refused: Vec<_> = second.iter().filter_map(|one| one.as_ref().err()).collect();
    assert!(refused.is_empty(), "{refused:?}");
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

async fn lists_describe_direct_rooms_with_their_members_and_who_is_online(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let with_bob = ann.open_direct(&bob).await.text("/room/id");
    let with_eve = ann.open_direct(&eve).await.text("/room/id");
    let group = ann.create_group("Tea", &[&bob, &eve]).await;
    let _online = bob.online().await;
    let mut socket = ann.socket().await;
    let welcome = socket.hello().await;
    let listed = ann.client.get("/api/rooms").await.expect(200);
    for rooms in [&welcome["rooms"], &listed.body["rooms"]] {
        let room = |id: &str| {
            let rooms = rooms.as_array().into_iter().flatten();
            let found = rooms.clone().find(|room| room["id"] == id);
            found
                .cloned()
                .unwrap_or_else(|| panic!("{id} in {rooms:?}"))
        };
        let online = |id: &str, person: &Person| {
            let online = room(id)["online"].as_array().cloned().unwrap_or_default();
            online.contains(&json!(person.id))
        };
        assert!(online(&with_bob, &bob), "{rooms}");
        assert!(!online(&with_eve, &eve), "{rooms}");
        let eves = room(&with_eve);
        let members = eves["members"].as_array().into_iter().flatten();
        let ids: BTreeSet<_> = members
            .filter_map(|one| one["user"]["id"].as_str())
            .collect();
        assert_eq!(ids, BTreeSet::from([ann.id.as_str(), eve.id.as_str()]));
        assert_eq!(room(&group)["members"], Value::Null);
    }
    // A person who left a direct room is not shown to the other any more.
    bob.remove(&with_bob, &bob.id).await.expect(204);
    let listed = ann.client.get("/api/rooms").await.expect(200);
    let rooms = listed.body["rooms"].as_array().cloned().unwrap_or_default();
    let left = rooms.iter().find(|room| room["id"] == with_bob.as_str());
    let left = left.unwrap_or_else(|| panic!("{rooms:?}"));
    assert_eq!(left["name"], "Bob");
    assert!(!left["online"].to_string().contains(&bob.id), "{left}");
    assert!(!left["members"].to_string().contains(&bob.id), "{left}");
}
