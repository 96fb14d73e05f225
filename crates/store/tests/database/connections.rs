//! The registry of open sockets.

use domain::Millis;
use domain::limits::PRESENCE_LEASE;
use domain::time::MINUTE;
use store::Store;
use store::connections::{Connection, Listener, SessionChoice};

use crate::people::person;
use crate::scratch::{NOW, Scratch, at_once};

/// Ada's sockets `a1` and `a2` of two sessions and Bob's `b1`, all opened at
/// [`NOW`]; `a1` and `b1` said hello and hear `one` and `two`.
async fn three() -> Scratch {
    let store = Scratch::new().await;
    for (id, name, session) in [
        ("a1", "Ada", "s1"),
        ("a2", "Ada", "s2"),
        ("b1", "Bob", "s3"),
    ] {
        let socket = Connection::new(id.into(), &person(name), session.into(), NOW);
        store.insert_connection(&socket).await.unwrap();
    }
    for id in ["a1", "b1"] {
        let rooms = ["one".to_owned(), "two".to_owned()];
        store.greet_connection(id, &rooms).await.unwrap();
    }
    store
}

fn ids(listeners: Vec<Listener>) -> Vec<String> {
    let mut ids: Vec<_> = listeners.into_iter().map(|listener| listener.id).collect();
    ids.sort_unstable();
    ids
}

async fn who_hears(store: &Store, rooms: &[&str]) -> Vec<String> {
    let rooms: Vec<String> = rooms.iter().map(|room| (*room).to_owned()).collect();
    ids(store.listeners(&rooms).await.unwrap())
}

#[tokio::test]
async fn a_socket_hears_a_room_once_however_often_it_joins() {
    let store = three().await;
    at_once(20, async |n| {
        store.hear("a2", ["one", "two"][n % 2]).await.unwrap()
    })
    .await;
    let row = store.renew_connection("a2", NOW).await.unwrap().unwrap();
    let mut rooms = row.rooms;
    rooms.sort_unstable();
    assert_eq!(rooms, ["one", "two"]);
    assert!(!row.greeted, "it only joined");
}

#[tokio::test]
async fn every_socket_that_hears_any_of_the_rooms_is_found_once() {
    let store = three().await;
    store.hear("a2", "two").await.unwrap();
    assert_eq!(who_hears(&store, &["one"]).await, ["a1", "b1"]);
    assert_eq!(who_hears(&store, &["two"]).await, ["a1", "a2", "b1"]);
    assert_eq!(who_hears(&store, &["one", "two"]).await, ["a1", "a2", "b1"]);
    assert_eq!(who_hears(&store, &["three"]).await, [""; 0]);
    assert_eq!(who_hears(&store, &[]).await, [""; 0]);
}

#[tokio::test]
async fn what_is_heard_no_more_leaves_the_other_rooms_and_sockets() {
    let store = three().await;
    let gone = ["one".to_owned(), "three".to_owned()];
    store.unhear("a1", &gone).await.unwrap();
    assert_eq!(who_hears(&store, &["one"]).await, ["b1"]);
    assert_eq!(who_hears(&store, &["two"]).await, ["a1", "b1"]);
}

#[tokio::test]
async fn a_new_member_hears_on_every_greeted_socket_and_a_former_one_on_none() {
    let store = three().await;
    store.hear_everywhere("ada", "new").await.unwrap();
    assert_eq!(who_hears(&store, &["new"]).await, ["a1"]);
    store.hear("a2", "new").await.unwrap();
    store.hear("b1", "new").await.unwrap();
    let hers = store.listeners_of("ada", "new").await.unwrap();
    assert_eq!(ids(hers), ["a1", "a2"]);
    store.unhear_everywhere("ada", "new").await.unwrap();
    assert_eq!(who_hears(&store, &["new"]).await, ["b1"]);
    assert_eq!(who_hears(&store, &["one"]).await, ["a1", "b1"]);
}

#[tokio::test]
async fn joins_and_departures_at_once_are_lost_by_no_other() {
    let store = three().await;
    at_once(40, async |n| {
        let room = format!("r{}", n / 2);
        match n % 2 {
            0 => store.hear("a1", &room).await.unwrap(),
            _ => store
                .hear_everywhere("ada", &format!("e{}", n / 2))
                .await
                .unwrap(),
        }
    })
    .await;
    let row = store.renew_connection("a1", NOW).await.unwrap().unwrap();
    assert_eq!(row.rooms.len(), 42);
}

#[tokio::test]
async fn nothing_brings_a_signed_out_socket_back() {
    let store = three().await;
    let removed = at_once(5, async |_| store.remove_connection("a1").await.unwrap()).await;
    let removed: Vec<Connection> = removed.into_iter().flatten().collect();
    assert_eq!(removed.len(), 1);
    assert_eq!(removed[0].person(), person("Ada"));
    store.hear("a1", "one").await.unwrap();
    store.unhear("a1", &["one".to_owned()]).await.unwrap();
    store
        .greet_connection("a1", &["one".to_owned()])
        .await
        .unwrap();
    assert!(store.renew_connection("a1", NOW).await.unwrap().is_none());
    assert_eq!(who_hears(&store, &["one"]).await, ["b1"]);
}

#[tokio::test]
async fn signing_out_takes_the_sockets_of_the_sessions_that_are_meant() {
    for (choice, gone, left) in [
        (SessionChoice::Only("s1"), vec!["a1"], 1),
        (SessionChoice::AllBut("s1"), vec!["a2"], 1),
        (SessionChoice::All, vec!["a1", "a2"], 0),
        (SessionChoice::Only("s3"), vec![], 2),
    ] {
        let store = three().await;
        let mut closed = store.sign_out_connections("ada", choice).await.unwrap();
        closed.sort_unstable();
        assert_eq!(closed, gone, "{choice:?}");
        assert_eq!(store.count_connections("ada", NOW).await.unwrap(), left);
        assert_eq!(store.count_connections("bob", NOW).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn sockets_that_are_gone_are_removed_together() {
    let store = three().await;
    store.remove_connections(&[]).await.unwrap();
    let gone = ["a1", "b1", "unknown"].map(str::to_owned);
    store.remove_connections(&gone).await.unwrap();
    assert_eq!(store.count_connections("ada", NOW).await.unwrap(), 1);
    assert_eq!(store.count_connections("bob", NOW).await.unwrap(), 0);
}

#[tokio::test]
async fn any_frame_renews_the_lease_and_none_shortens_it() {
    let store = three().await;
    let lease = async |now: Millis| {
        let row = store.renew_connection("a1", now).await.unwrap();
        row.expect("it is there").lease_until
    };
    let later = NOW + MINUTE;
    assert_eq!(lease(later).await, later + PRESENCE_LEASE);
    assert_eq!(lease(NOW).await, later + PRESENCE_LEASE);
}

#[tokio::test]
async fn a_socket_that_was_silent_for_ten_minutes_is_not_counted() {
    let store = three().await;
    let silent = NOW + 10 * MINUTE;
    store.renew_connection("a2", NOW + MINUTE).await.unwrap();
    assert_eq!(store.count_connections("ada", silent - 1).await.unwrap(), 2);
    assert_eq!(store.count_connections("ada", silent).await.unwrap(), 1);
}

#[tokio::test]
async fn present_is_who_has_a_greeted_socket_with_a_lease() {
    let store = three().await;
    let asked = ["ada", "bob", "cleo"].map(str::to_owned);
    store.greet_connection("a2", &[]).await.unwrap();
    assert_eq!(store.present_of(&asked, NOW).await.unwrap(), ["ada", "bob"]);
    let end = NOW + PRESENCE_LEASE;
    store.renew_connection("b1", NOW + 1).await.unwrap();
    assert_eq!(store.present_of(&asked, end).await.unwrap(), ["bob"]);
    assert_eq!(store.present_of(&asked[..1], end).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn somebody_stays_present_on_another_greeted_socket_alone() {
    let store = three().await;
    let beside = async |now| store.is_present_beside("ada", "a1", now).await.unwrap();
    assert!(!beside(NOW).await, "the other one said no hello");
    store.greet_connection("a2", &[]).await.unwrap();
    assert!(beside(NOW).await);
    assert!(!beside(NOW + PRESENCE_LEASE).await);
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
