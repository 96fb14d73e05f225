//! Who is there: leases, buckets, and how many sockets one has.

use std::time::Duration;

use domain::TooFast;
use domain::limits::{
    BYTES_PER_DAY, FRAMES, HANDSHAKES, PRESENCE_CHANGES, PRESENCE_LEASE, SOCKETS_PER_USER,
};
use protocol::User;
use store::connections::{Connection, SessionChoice};
use store::members::ActOf;
use store::presence::{Begun, Closed, FrameCost, Opened};
use store::{Settings, Store};

use crate::people::{hello, member, new, open, person, say};
use crate::scratch::{NOW, Scratch, at_once};

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
async fn a_frame_belongs_to_the_user_who_opened_its_socket() {
    let store = three().await;
    let begun = store
        .begin_frame("a2", false, FrameCost::ONE, NOW)
        .await
        .unwrap();
    assert_eq!(
        begun,
        Some(Begun {
            user: person("Ada"),
            session: "session of a2".to_owned(),
            allowed: Ok(()),
            announces: false,
        })
    );
    assert_eq!(
        store
            .begin_frame("a3", false, FrameCost::ONE, NOW)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn the_rooms_are_notified_of_the_first_hello_and_of_no_other_frame() {
    let store = Scratch::new().await;
    open(&store, "a1", "Ada", "s").await;
    open(&store, "a2", "Ada", "s").await;
    let announces = async |socket, is_hello| {
        let begun = store
            .begin_frame(socket, is_hello, FrameCost::ONE, NOW)
            .await;
        begun.unwrap().expect("it is open").announces
    };
    assert!(!announces("a1", false).await);
    assert!(announces("a1", true).await);
    assert!(!announces("a2", true).await);
    assert!(!announces("a1", true).await);
}

#[tokio::test]
async fn finding_8_a_frame_after_the_lease_ran_out_is_announced_once() {
    let store = three().await;
    let announces = async |socket, now| {
        let begun = store.begin_frame(socket, false, FrameCost::ONE, now).await;
        begun.unwrap().expect("it is open").announces
    };
    let lapsed = NOW + PRESENCE_LEASE;
    assert!(!announces("a1", lapsed - Duration::from_millis(1)).await);
    let lapsed = lapsed - Duration::from_millis(1) + PRESENCE_LEASE;
    let announced = at_once(5, async |_| announces("a1", lapsed).await).await;
    assert_eq!(announced.iter().filter(|announced| **announced).count(), 1);
    assert!(!announces("a2", lapsed).await, "it never said hello");
}

#[tokio::test]
async fn item_51_a_person_who_comes_and_goes_is_announced_a_bounded_number_of_times() {
    let store = Scratch::new().await;
    let mut announced = 0;
    for n in 0..50 {
        let id = format!("a{n}");
        open(&store, &id, "Ada", "s").await;
        let begun = store.begin_frame(&id, true, FrameCost::ONE, NOW).await;
        announced += u32::from(begun.unwrap().expect("it is open").announces);
        let closed = store.close_socket(&id, NOW).await.unwrap();
        announced += u32::from(closed.expect("it was open").announces);
    }
    assert_eq!(announced, PRESENCE_CHANGES.burst);
    // The next frame announces the change that was not announced.
    let later = NOW + PRESENCE_CHANGES.interval;
    open(&store, "b", "Ada", "s").await;
    let begun = store.begin_frame("b", true, FrameCost::ONE, later).await;
    assert!(begun.unwrap().expect("it is open").announces);
}

#[tokio::test]
async fn item_51_frames_are_charged_by_weight_and_messages_by_bytes() {
    let store = three().await;
    let heavy = FrameCost {
        frames: 50,
        bytes: 0,
    };
    let allowed = async |socket, cost, now| {
        let begun = store.begin_frame(socket, false, cost, now).await.unwrap();
        begun.expect("it is open").allowed
    };
    // The two hellos of Ada's and Bob's sockets took one each.
    for _ in 0..3 {
        assert_eq!(allowed("a1", heavy, NOW).await, Ok(()));
    }
    let retry_at = NOW + FRAMES.interval;
    let refused = Err(TooFast { retry_at });
    assert_eq!(allowed("a2", heavy, NOW).await, refused);
    assert_eq!(allowed("a2", heavy, retry_at).await, Ok(()));
    let half = FrameCost {
        frames: 1,
        bytes: BYTES_PER_DAY / 2,
    };
    for _ in 0..2 {
        assert_eq!(allowed("b1", half, NOW).await, Ok(()));
    }
    let refused = allowed("b1", half, NOW).await.unwrap_err();
    assert_eq!(refused.retry_at, NOW + Duration::from_hours(12));
    assert_eq!(allowed("b1", FrameCost::ONE, NOW).await, Ok(()));
    assert_eq!(
        allowed("b1", half, NOW + Duration::from_hours(12)).await,
        Ok(())
    );
}

#[tokio::test]
async fn item_51_handshakes_have_a_rate() {
    let store = Scratch::new().await;
    for n in 0..HANDSHAKES.burst {
        let id = format!("a{n}");
        assert_eq!(open(&store, &id, "Ada", "s").await, Opened::Yes);
        store.close_socket(&id, NOW).await.unwrap();
    }
    let retry_at = NOW + HANDSHAKES.interval;
    let refused = Opened::TooFast(TooFast { retry_at });
    assert_eq!(open(&store, "late", "Ada", "s").await, refused);
    assert_eq!(open(&store, "b1", "Bob", "s").await, Opened::Yes);
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
        let begun = store
            .begin_frame(&socket, false, FrameCost::ONE, NOW)
            .await
            .unwrap();
        begun.expect("it is open").allowed
    })
    .await;
    let yes = begun.iter().filter(|one| one.is_ok()).count();
    assert_eq!(yes as u32, FRAMES.burst);
    assert!(begun.contains(&Err(TooFast {
        retry_at: NOW + FRAMES.interval
    })));
    let allowed = async |socket, now| {
        let begun = store
            .begin_frame(socket, false, FrameCost::ONE, now)
            .await
            .unwrap();
        begun.expect("it is open").allowed
    };
    assert_eq!(allowed("b1", NOW).await, Ok(()));
    let next = NOW + FRAMES.interval;
    assert_eq!(allowed("a7", next).await, Ok(()));
    assert_ne!(allowed("a8", next).await, Ok(()));
}

#[tokio::test]
async fn an_empty_bucket_marks_no_socket_ready() {
    let store = Scratch::new().await;
    open(&store, "a1", "Ada", "s").await;
    at_once(FRAMES.burst as usize, async |_| {
        store
            .begin_frame("a1", false, FrameCost::ONE, NOW)
            .await
            .unwrap()
    })
    .await;
    let refused = store
        .begin_frame("a1", true, FrameCost::ONE, NOW)
        .await
        .unwrap()
        .unwrap();
    assert_ne!(refused.allowed, Ok(()));
    let ada = ["ada".to_owned()];
    assert_eq!(store.present_of(&ada, NOW).await.unwrap(), []);
}

#[tokio::test]
async fn any_frame_renews_the_lease_and_none_shortens_it() {
    let store = three().await;
    let later = NOW + Duration::from_mins(1);
    store
        .begin_frame("a1", false, FrameCost::ONE, later)
        .await
        .unwrap();
    store
        .begin_frame("a1", false, FrameCost::ONE, NOW)
        .await
        .unwrap();
    let ada = ["ada".to_owned()];
    let end = later + PRESENCE_LEASE;
    assert_eq!(
        names(
            store
                .present_of(&ada, end - Duration::from_millis(1))
                .await
                .unwrap()
        ),
        ["Ada"]
    );
    assert_eq!(store.present_of(&ada, end).await.unwrap(), []);
}

#[tokio::test]
async fn a_person_is_present_with_a_socket_that_said_hello_and_has_a_lease() {
    let store = three().await;
    open(&store, "c1", "Cleo", "s").await;
    let asked = ["ada", "bob", "cleo", "dan"].map(str::to_owned);
    let present = async |now| names(store.present_of(&asked, now).await.unwrap());
    assert_eq!(present(NOW).await, ["Ada", "Bob"]);
    store
        .begin_frame("b1", false, FrameCost::ONE, NOW + Duration::from_millis(1))
        .await
        .unwrap();
    assert_eq!(present(NOW + PRESENCE_LEASE).await, ["Bob"]);
}

#[tokio::test]
async fn the_last_ready_socket_takes_its_person_offline_once() {
    let store = three().await;
    let close = async |socket| store.close_socket(socket, NOW).await.unwrap();
    hello(&store, "a2", &[]).await;
    let closed = |announces, others: &[&str]| {
        let user = person("Ada");
        let others = others.iter().map(|id| (*id).to_owned()).collect();
        Some(Closed {
            user,
            announces,
            others,
        })
    };
    assert_eq!(close("a2").await, closed(false, &["a1"]));
    let all = at_once(5, async |_| close("a1").await).await;
    let mut all: Vec<_> = all.into_iter().flatten().collect();
    assert_eq!(all.pop(), closed(true, &[]));
    assert_eq!(all, []);
}

#[tokio::test]
async fn a_socket_that_said_no_hello_takes_its_person_offline_neither() {
    let store = Scratch::new().await;
    open(&store, "a1", "Ada", "s").await;
    let closed = store.close_socket("a1", NOW).await.unwrap();
    assert!(!closed.expect("it was open").announces);
}

#[tokio::test]
async fn finding_4_the_last_of_several_sockets_that_are_gone_is_announced_once() {
    let store = three().await;
    hello(&store, "a2", &[]).await;
    let announced = at_once(4, async |n| {
        let socket = ["a1", "a2"][n % 2];
        store.mark_gone(&[socket], NOW).await.unwrap().len()
    })
    .await;
    assert_eq!(announced.iter().sum::<usize>(), 1);
    let both = store.mark_gone(&["b1", "a1"], NOW).await.unwrap();
    assert_eq!(names(both), ["Bob"]);
}

#[tokio::test]
async fn finding_2_a_socket_that_was_called_gone_can_be_registered_again() {
    let store = three().await;
    store.mark_gone(&["a1"], NOW).await.unwrap();
    let begun = store.begin_frame("a1", false, FrameCost::ONE, NOW).await;
    assert_eq!(begun.unwrap(), None);
    let row = store.connection("a1").await.unwrap();
    let row = row.expect("its row stays");
    assert!(row.gone && row.rooms.is_empty());
    store.reopen_socket(&row, "Ada", NOW).await.unwrap();
    let begun = store.begin_frame("a1", false, FrameCost::ONE, NOW).await;
    assert!(begun.unwrap().expect("it is open").announces);
    store
        .sign_out_sockets("ada", SessionChoice::All, NOW)
        .await
        .unwrap();
    assert_eq!(store.connection("a1").await.unwrap(), None);
}

#[tokio::test]
async fn finding_5_sockets_whose_lease_has_run_out_do_not_count() {
    let store = Scratch::new().await;
    for n in 0..SOCKETS_PER_USER {
        open(&store, &format!("a{n}"), "Ada", "s").await;
    }
    let open_at = async |id: &str, now| {
        let socket = Connection::new(id.into(), "ada".into(), "s".into(), now);
        store.open_socket(&socket, "Ada", now).await.unwrap()
    };
    let end = NOW + PRESENCE_LEASE;
    let Opened::TooMany(sockets) = open_at("new", end - Duration::from_millis(1)).await else {
        panic!("one more opened");
    };
    assert_eq!(sockets.len() as u64, SOCKETS_PER_USER);
    assert_eq!(open_at("new", end).await, Opened::Yes);
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
async fn a_message_costs_three_round_trips_for_any_number_of_subscribers() {
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
    store
        .add_member(&member("room", "P0", 0), ActOf::Member)
        .await
        .unwrap();
    new(say(&store, "room", "P0", "first").await);
    let before = commands(&uri).await;
    for n in 0..10 {
        store
            .begin_frame("s0", false, FrameCost::ONE, NOW)
            .await
            .unwrap()
            .unwrap();
        let said =
            crate::people::say_as(&store, "room", &person("P0"), &format!("m{n}"), "hi").await;
        assert_eq!(new(said).seq, n + 2);
    }
    assert_eq!(commands(&uri).await - before, 30);
}

/// How many commands the server has run for the store so far.
pub async fn commands(uri: &str) -> i64 {
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
