//! Who is there: leases, buckets, and how many sockets one has.

use std::time::Duration;

use domain::TooFast;
use domain::limits::{FRAMES, PRESENCE_LEASE, SOCKETS_PER_USER};
use protocol::User;
use store::presence::{Begun, Closed, Opened};
use store::{Settings, Store};

use crate::people::{hello, member, new, open, person, say};
use crate::scratch::{MILLI, NOW, Scratch, at_once};

fn names(users: Vec<User>) -> Vec<String> {
    users.into_iter().map(|user| user.name).collect()
}

/// Ada on `a1` and `a2`, Bob on `b1`; `a1` and `b1` said hello.
async fn three() -> Scratch {
    let store = Scratch::new().await;
    for (id, name) in [("a1", "Ada"), ("a2", "Ada"), ("b1", "Bob")] {
        open(&store, id, name, &format!("session of {id}")).await;
    }
    hello(&store, "a1", &[]).await;
    hello(&store, "b1", &[]).await;
    store
}

#[tokio::test]
async fn a_frame_is_of_whoever_opened_its_socket() {
    let store = three().await;
    let begun = store.begin_frame("a2", false, NOW).await.unwrap();
    assert_eq!(
        begun,
        Some(Begun {
            user: person("Ada"),
            session: "session of a2".to_owned(),
            allowed: Ok(()),
            was_present: true,
        })
    );
    assert_eq!(store.begin_frame("a3", false, NOW).await.unwrap(), None);
}

#[tokio::test]
async fn one_is_present_from_the_first_hello_on() {
    let store = Scratch::new().await;
    open(&store, "a1", "Ada", "s").await;
    open(&store, "a2", "Ada", "s").await;
    let was_present = async |socket, is_hello| {
        let begun = store.begin_frame(socket, is_hello, NOW).await.unwrap();
        begun.expect("it is open").was_present
    };
    assert!(!was_present("a1", false).await);
    assert!(!was_present("a1", true).await);
    assert!(was_present("a2", true).await);
    assert!(was_present("a1", true).await);
}

#[tokio::test]
async fn of_three_hundred_frames_at_once_on_twenty_sockets_the_burst_is_let_through() {
    let store = Scratch::new().await;
    for n in 0..20 {
        open(&store, &format!("a{n}"), "Ada", "s").await;
    }
    open(&store, "b1", "Bob", "s").await;
    let begun = at_once(300, async |n| {
        let socket = format!("a{}", n % 20);
        let begun = store.begin_frame(&socket, false, NOW).await.unwrap();
        begun.expect("it is open").allowed
    })
    .await;
    let yes = begun.iter().filter(|one| one.is_ok()).count();
    assert_eq!(yes as u32, FRAMES.burst);
    assert!(begun.contains(&Err(TooFast {
        retry_at: NOW + FRAMES.interval
    })));
    let allowed = async |socket, now| {
        let begun = store.begin_frame(socket, false, now).await.unwrap();
        begun.expect("it is open").allowed
    };
    assert_eq!(allowed("b1", NOW).await, Ok(()));
    let next = NOW + FRAMES.interval;
    assert_eq!(allowed("a7", next).await, Ok(()));
    assert_ne!(allowed("a8", next).await, Ok(()));
}

#[tokio::test]
async fn a_bucket_that_is_empty_greets_nobody() {
    let store = Scratch::new().await;
    open(&store, "a1", "Ada", "s").await;
    at_once(FRAMES.burst as usize, async |_| {
        store.begin_frame("a1", false, NOW).await.unwrap()
    })
    .await;
    let refused = store.begin_frame("a1", true, NOW).await.unwrap().unwrap();
    assert_ne!(refused.allowed, Ok(()));
    let ada = ["ada".to_owned()];
    assert_eq!(store.present_of(&ada, NOW).await.unwrap(), []);
}

#[tokio::test]
async fn any_frame_renews_the_lease_and_none_shortens_it() {
    let store = three().await;
    let later = NOW + Duration::from_mins(1);
    store.begin_frame("a1", false, later).await.unwrap();
    store.begin_frame("a1", false, NOW).await.unwrap();
    let ada = ["ada".to_owned()];
    let end = later + PRESENCE_LEASE;
    assert_eq!(
        names(store.present_of(&ada, end - MILLI).await.unwrap()),
        ["Ada"]
    );
    assert_eq!(store.present_of(&ada, end).await.unwrap(), []);
    assert_eq!(names(store.absent_of(&ada, end).await.unwrap()), ["Ada"]);
}

#[tokio::test]
async fn present_is_who_has_a_greeted_socket_with_a_lease() {
    let store = three().await;
    open(&store, "c1", "Cleo", "s").await;
    let asked = ["ada", "bob", "cleo", "dan"].map(str::to_owned);
    let present = async |now| names(store.present_of(&asked, now).await.unwrap());
    let absent = async |now| names(store.absent_of(&asked, now).await.unwrap());
    assert_eq!(present(NOW).await, ["Ada", "Bob"]);
    assert_eq!(absent(NOW).await, ["Cleo"]);
    store.begin_frame("b1", false, NOW + MILLI).await.unwrap();
    let end = NOW + PRESENCE_LEASE;
    assert_eq!(present(end).await, ["Bob"]);
    assert_eq!(absent(end).await, ["Ada", "Cleo"]);
}

#[tokio::test]
async fn one_goes_with_the_last_greeted_socket_and_is_told_of_once() {
    let store = three().await;
    let close = async |socket| store.close_socket(socket, NOW).await.unwrap();
    hello(&store, "a2", &[]).await;
    let closed = |went| {
        let user = person("Ada");
        Some(Closed { user, went })
    };
    assert_eq!(close("a2").await, closed(false));
    let all = at_once(5, async |_| close("a1").await).await;
    let mut all: Vec<_> = all.into_iter().flatten().collect();
    assert_eq!(all.pop(), closed(true));
    assert_eq!(all, []);
}

#[tokio::test]
async fn nobody_goes_with_a_socket_that_said_no_hello() {
    let store = Scratch::new().await;
    open(&store, "a1", "Ada", "s").await;
    let closed = store.close_socket("a1", NOW).await.unwrap();
    assert!(!closed.expect("it was open").went);
}

#[tokio::test]
async fn of_thirty_sockets_at_once_as_many_open_as_one_may_have() {
    let store = Scratch::new().await;
    let opened = at_once(30, async |n| {
        open(&store, &format!("a{n}"), "Ada", "s").await
    })
    .await;
    let yes = opened.iter().filter(|one| **one == Opened::Yes).count();
    assert_eq!(yes as u64, SOCKETS_PER_USER);
    assert_eq!(open(&store, "b1", "Bob", "s").await, Opened::Yes);
    let first = opened.iter().position(|one| *one == Opened::Yes).unwrap();
    store.close_socket(&format!("a{first}"), NOW).await.unwrap();
    assert_eq!(open(&store, "a99", "Ada", "s").await, Opened::Yes);
}

#[tokio::test]
async fn a_socket_that_was_silent_for_ten_minutes_makes_room() {
    let store = Scratch::new().await;
    for n in 0..SOCKETS_PER_USER {
        open(&store, &format!("a{n}"), "Ada", "s").await;
    }
    let open_at = async |now| {
        let socket =
            store::connections::Connection::new("new".into(), "ada".into(), "s".into(), now);
        store.open_socket(&socket, "Ada", now).await.unwrap()
    };
    store
        .begin_frame("a1", false, NOW + Duration::from_mins(1))
        .await
        .unwrap();
    let silent = NOW + Duration::from_mins(10);
    assert_eq!(open_at(silent - MILLI).await, Opened::TooMany);
    assert_eq!(open_at(silent).await, Opened::Yes);
    assert!(
        store
            .begin_frame("a1", false, silent)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .begin_frame("a2", false, silent)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_message_costs_three_round_trips_whoever_hears_it() {
    // A server of its own, as its commands are counted.
    let server = embedded_mongo::Server::start().unwrap();
    let uri = server.uri();
    let store = Store::connect(Settings { uri: uri.clone() }).await.unwrap();
    store.create_indexes().await.unwrap();
    for n in 0..300 {
        let (socket, name) = (format!("s{n}"), format!("P{n}"));
        open(&store, &socket, &name, "session").await;
        hello(&store, &socket, &["room"]).await;
    }
    store.add_member(&member("room", "P0", 0)).await.unwrap();
    new(say(&store, "room", "P0", "first").await);
    let before = commands(&uri).await;
    for n in 0..10 {
        store.begin_frame("s0", false, NOW).await.unwrap().unwrap();
        let said =
            crate::people::say_as(&store, "room", &person("P0"), &format!("m{n}"), "hi").await;
        assert_eq!(new(said).seq, n + 2);
    }
    assert_eq!(commands(&uri).await - before, 30);
}

/// How many commands the server has run for the store so far.
async fn commands(uri: &str) -> i64 {
    let client = mongodb::Client::with_uri_str(uri).await.unwrap();
    let admin = client.database("admin");
    let status = admin.run_command(mongodb::bson::doc! { "serverStatus": 1 });
    let status = status.await.unwrap();
    let metrics = status.get_document("metrics").unwrap();
    let counts = metrics.get_document("commands").unwrap();
    let of_the_driver = [
        "hello",
        "isMaster",
        "ismaster",
        "ping",
        "serverStatus",
        "endSessions",
    ];
    let counted = counts
        .iter()
        .filter(|(name, _)| !of_the_driver.contains(&name.as_str()));
    counted
        .map(|(_, count)| count.as_document().unwrap().get_i64("total").unwrap())
        .sum()
}
