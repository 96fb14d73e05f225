//! The registry of open sockets.

use store::Store;
use store::connections::{SessionChoice, Subscriber};
use store::members::ActOf;
use store::presence::FrameCost;

use crate::people::{hello, member, open};
use crate::scratch::{NOW, Scratch, at_once};

/// Ada's sockets `a1` and `a2` of two sessions and Bob's `b1`; `a1` and `b1` said
/// hello and subscribe to `one` and `two`.
async fn three() -> Scratch {
    let store = Scratch::new().await;
    for (id, name, session) in [
        ("a1", "Ada", "s1"),
        ("a2", "Ada", "s2"),
        ("b1", "Bob", "s3"),
    ] {
        open(&store, id, name, session).await;
    }
    for id in ["a1", "b1"] {
        hello(&store, id, &["one", "two"]).await;
    }
    store
}

fn ids(subscribers: Vec<Subscriber>) -> Vec<String> {
    let mut ids: Vec<_> = subscribers
        .into_iter()
        .map(|subscriber| subscriber.id)
        .collect();
    ids.sort_unstable();
    ids
}

async fn subscribed(store: &Store, rooms: &[&str]) -> Vec<String> {
    let rooms: Vec<String> = rooms.iter().map(|room| (*room).to_owned()).collect();
    ids(store.subscribers(&rooms).await.unwrap())
}

#[tokio::test]
async fn a_socket_is_subscribed_once_however_often_it_joins() {
    let store = three().await;
    at_once(20, async |n| {
        store.subscribe("a2", ["one", "two"][n % 2]).await.unwrap()
    })
    .await;
    let hers = store.subscriptions_of("ada", "one").await.unwrap();
    let a2 = hers.into_iter().find(|one| one.id == "a2");
    let mut rooms = a2.expect("it is subscribed").rooms;
    rooms.sort_unstable();
    assert_eq!(rooms, ["one", "two"]);
}

#[tokio::test]
async fn every_subscriber_of_any_of_the_rooms_is_found_once() {
    let store = three().await;
    store.subscribe("a2", "two").await.unwrap();
    assert_eq!(subscribed(&store, &["one"]).await, ["a1", "b1"]);
    assert_eq!(subscribed(&store, &["two"]).await, ["a1", "a2", "b1"]);
    assert_eq!(
        subscribed(&store, &["one", "two"]).await,
        ["a1", "a2", "b1"]
    );
    assert_eq!(subscribed(&store, &["three"]).await, [""; 0]);
    assert_eq!(subscribed(&store, &[]).await, [""; 0]);
}

#[tokio::test]
async fn unsubscribing_keeps_other_rooms_and_sockets() {
    let store = three().await;
    store.unsubscribe("a1", "one").await.unwrap();
    store.unsubscribe("a1", "three").await.unwrap();
    assert_eq!(subscribed(&store, &["one"]).await, ["b1"]);
    assert_eq!(subscribed(&store, &["two"]).await, ["a1", "b1"]);
}

#[tokio::test]
async fn a_new_member_is_subscribed_on_every_ready_socket_and_a_former_one_on_none() {
    let store = three().await;
    for name in ["Ada", "Bob"] {
        let row = member("new", name, 0);
        store.add_member(&row, ActOf::Member).await.unwrap();
    }
    store.subscribe_everywhere("ada", "new").await.unwrap();
    assert_eq!(subscribed(&store, &["new"]).await, ["a1"]);
    store.subscribe("a2", "new").await.unwrap();
    store.subscribe("b1", "new").await.unwrap();
    let hers = store.subscriptions_of("ada", "new").await.unwrap();
    assert_eq!(ids(hers), ["a1", "a2"]);
    store.unsubscribe_everywhere("ada", "new").await.unwrap();
    assert_eq!(subscribed(&store, &["new"]).await, ["b1"]);
    assert_eq!(subscribed(&store, &["one"]).await, ["a1", "b1"]);
}

#[tokio::test]
async fn item_34_a_subscription_that_outlived_its_membership_receives_nothing() {
    let store = three().await;
    store.remove_member("one", "ada", NOW).await.unwrap();
    assert_eq!(
        ids(store.subscriptions_of("ada", "one").await.unwrap()),
        ["a1"]
    );
    assert_eq!(subscribed(&store, &["one"]).await, ["b1"]);
    let both = store.subscribers(&["one", "two"].map(str::to_owned)).await;
    let hers = both.unwrap().into_iter().find(|one| one.id == "a1");
    assert_eq!(hers.expect("she is in the other").rooms, ["two"]);
    let sockets = ["a1", "b1"].map(str::to_owned);
    let still = store.still_subscribed("one", &sockets).await.unwrap();
    assert_eq!(ids(still), ["b1"]);
}

#[tokio::test]
async fn joins_and_departures_at_once_are_lost_by_no_other() {
    let store = three().await;
    at_once(40, async |n| {
        let room = format!("r{}", n / 2);
        match n % 2 {
            0 => store.subscribe("a1", &room).await.unwrap(),
            _ => store
                .subscribe_everywhere("ada", &format!("e{}", n / 2))
                .await
                .unwrap(),
        }
    })
    .await;
    let hers = store.connections_of("ada").await.unwrap();
    assert_eq!(hers[0].rooms.len(), 42);
}

#[tokio::test]
async fn nothing_brings_a_signed_out_socket_back() {
    let store = three().await;
    store.close_socket("a1", NOW).await.unwrap();
    store.subscribe("a1", "one").await.unwrap();
    store.unsubscribe("a1", "one").await.unwrap();
    store
        .mark_ready("a1", &["one".to_owned()], &[])
        .await
        .unwrap();
    let begun = store
        .begin_frame("a1", true, FrameCost::ONE, NOW)
        .await
        .unwrap();
    assert!(begun.is_none());
    assert_eq!(subscribed(&store, &["one"]).await, ["b1"]);
}

#[tokio::test]
async fn signing_out_takes_the_sockets_of_the_sessions_that_are_meant() {
    for (choice, gone) in [
        (SessionChoice::Only("s1"), &["a1"][..]),
        (SessionChoice::AllBut("s1"), &["a2"]),
        (SessionChoice::All, &["a1", "a2"]),
        (SessionChoice::Only("s3"), &[]),
    ] {
        let store = three().await;
        let mut closed = store.sign_out_sockets("ada", choice, NOW).await.unwrap().0;
        closed.sort_unstable();
        assert_eq!(closed, gone, "{choice:?}");
        for socket in ["a1", "a2", "b1"] {
            let begun = store
                .begin_frame(socket, false, FrameCost::ONE, NOW)
                .await
                .unwrap();
            assert_eq!(
                begun.is_none(),
                gone.contains(&socket),
                "{choice:?}: {socket}"
            );
        }
    }
}

#[tokio::test]
async fn sockets_that_are_gone_are_removed_together() {
    let store = three().await;
    assert!(store.mark_gone(&[], NOW).await.unwrap().is_empty());
    let gone = ["a1", "b1", "unknown"];
    let offline = store.mark_gone(&gone, NOW).await.unwrap();
    assert_eq!(offline.len(), 2);
    assert_eq!(subscribed(&store, &["one", "two"]).await, [""; 0]);
    for (socket, remains) in [("a1", false), ("a2", true), ("b1", false)] {
        let begun = store
            .begin_frame(socket, false, FrameCost::ONE, NOW)
            .await
            .unwrap();
        assert_eq!(begun.is_some(), remains, "{socket}");
    }
}

#[tokio::test]
async fn the_sockets_of_a_person_are_those_that_said_hello() {
    let store = three().await;
    let found = store.connections_of("ada").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].id.as_str(), found[0].user.as_str()),
        ("a1", "ada")
    );
    assert_eq!(found[0].rooms, ["one", "two"]);
}
