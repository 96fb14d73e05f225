//! A user at the limit of rooms.

use std::collections::BTreeSet;
use std::sync::Arc;

use e2e::people::Person;
use e2e::stack::Stack;
use e2e::suite::Test;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::json;

pub fn tests() -> Vec<Test> {
    e2e::tests![five_hundred_rooms_are_listed_and_one_more_is_refused]
}

async fn five_hundred_rooms_are_listed_and_one_more_is_refused(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let name = |number: usize| format!("Room no. {number}");
    let made: BTreeSet<String> = stream::iter(1..=500)
        .map(|number| {
            let (ann, name) = (ann.clone(), name(number));
            async move { ann.create_group(&name, &[]).await }
        })
        .buffer_unordered(6)
        .collect()
        .await;
    assert_eq!(made.len(), 500);
    let body = json!({"name": "One more", "kind": "group", "members": []});
    // A member stays one: nothing is added.
    let first = made.first().expect("there are rooms");
    ann.invite(first, &ann.email).await.expect(204);
    let response = ann.client.post("/api/rooms", body).await;
    response.refused(422, "invalid");
    let of_bob = bob.create_group("Tea", &[]).await;
    let response = bob.invite(&of_bob, &ann.email).await;
    response.refused(422, "invalid");

    let listed = ann.client.get("/api/rooms").await.expect(200);
    let rooms = listed.body["rooms"].as_array().cloned().unwrap_or_default();
    let ids: BTreeSet<String> = rooms
        .iter()
        .filter_map(|room| room["id"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(ids, made);
    let welcome = ann.socket().await.hello().await;
    assert_eq!(welcome["more_rooms"], true, "they do not fit into a frame");
    let first = welcome["rooms"].as_array().map_or(0, Vec::len);
    assert!((1..500).contains(&first), "{first} rooms");
}
