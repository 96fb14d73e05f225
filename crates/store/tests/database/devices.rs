//! Devices, and who is notified of a message.

use std::time::Duration;

use domain::DeviceName;
use domain::limits::{DEVICES_PER_USER, PRESENCE_LEASE};
use protocol::Notify;
use protocol::push::UpdateDevice;
use store::Store;
use store::devices::{DeviceRow, Registered, Registration};
use store::members::ActOf;
use store::messages::Appended;
use store::rooms::RoomRow;
use store::sessions::Session;

use crate::people::{hello, member, open, say, talk};
use crate::scratch::{MILLI, NOW, Scratch, at_once};

/// Registers an endpoint under an id; `None` above the limit.
async fn register(store: &Store, id: &str, user: &str, endpoint: &str) -> Option<DeviceRow> {
    let name = DeviceName::parse("name", "Phone").unwrap();
    let registration = Registration {
        id,
        user,
        session: &format!("{user}'s"),
        endpoint,
        p256dh: "key",
        auth: "secret",
        name: &name,
    };
    match store.register_device(&registration, NOW).await.unwrap() {
        Registered::Yes(device) => Some(device),
        Registered::TooMany => None,
    }
}

async fn ids_of(store: &Store, user: &str) -> Vec<String> {
    let devices = store.devices_of(user, NOW).await.unwrap();
    devices.into_iter().map(|device| device.id).collect()
}

async fn create(store: &Store, room: &str) {
    let row = RoomRow::direct(room.into(), "a", "b", NOW);
    store.create_room(&row).await.unwrap();
}

async fn join(store: &Store, room: &str, name: &str) {
    let row = member(room, name, 1);
    store.add_member(&row, ActOf::Member).await.unwrap();
}

/// Whether a message of Ada is to be announced.
async fn has_devices(store: &Store, room: &str, id: &str) -> bool {
    match say(store, room, "Ada", id).await {
        Appended::New(_, audience) => audience.has_devices,
        other => panic!("it is new: {other:?}"),
    }
}

#[tokio::test]
async fn an_endpoint_belongs_to_the_account_that_registered_it_last() {
    let store = Scratch::new().await;
    let first = register(&store, "d1", "ada", "https://push/1")
        .await
        .unwrap();
    let off = UpdateDevice {
        on: Some(false),
        text: None,
    };
    store.update_device("d1", "ada", &off).await.unwrap();
    let again = register(&store, "d2", "ada", "https://push/1")
        .await
        .unwrap();
    assert_eq!(
        (first.id, again.id, again.on),
        ("d1".into(), "d1".into(), false)
    );
    let taken = register(&store, "d3", "bob", "https://push/1")
        .await
        .unwrap();
    assert!(taken.on, "it has none of the settings of the other account");
    assert_eq!(ids_of(&store, "bob").await, ["d3"]);
    assert!(ids_of(&store, "ada").await.is_empty());

    let users = ["ada", "bob", "eve", "zoe"];
    at_once(users.len(), async |number| {
        register(&store, users[number], users[number], "https://push/2").await
    })
    .await;
    let mut owners = 0;
    for user in users {
        let ids = ids_of(&store, user).await;
        owners += ids.iter().filter(|id| users.contains(&id.as_str())).count();
    }
    assert_eq!(owners, 1);
}

#[tokio::test]
async fn no_number_of_registrations_at_once_exceeds_the_limit_of_devices() {
    let store = Scratch::new().await;
    let registered = at_once(30, async |number| {
        let endpoint = format!("https://push/{number}");
        register(&store, &number.to_string(), "ada", &endpoint)
            .await
            .is_some()
    })
    .await;
    let kept = registered.into_iter().filter(|kept| *kept).count();
    assert!(kept <= DEVICES_PER_USER, "{kept}");
    assert_eq!(ids_of(&store, "ada").await.len(), kept);
    for number in kept..DEVICES_PER_USER {
        let id = format!("more {number}");
        assert!(register(&store, &id, "ada", &id).await.is_some());
    }
    assert!(register(&store, "last", "ada", "last").await.is_none());
}

#[tokio::test]
async fn members_are_marked_whether_they_join_or_register_first() {
    let store = Scratch::new().await;
    talk(&store, "room", 1).await;
    join(&store, "room", "Bob").await;
    assert!(!has_devices(&store, "room", "a").await);
    register(&store, "ada's", "ada", "https://push/1").await;
    assert!(
        !has_devices(&store, "room", "b").await,
        "it is the sender's"
    );
    register(&store, "bob's", "bob", "https://push/2").await;
    assert!(has_devices(&store, "room", "c").await);

    talk(&store, "other", 1).await;
    assert!(!has_devices(&store, "other", "a").await);
    join(&store, "other", "Bob").await;
    assert!(has_devices(&store, "other", "b").await);
}

#[tokio::test]
async fn a_member_without_devices_is_unmarked() {
    let store = Scratch::new().await;
    talk(&store, "room", 1).await;
    join(&store, "room", "Bob").await;
    register(&store, "d", "bob", "https://push/1").await;
    store.mark_unreachable("bob").await.unwrap();
    assert!(has_devices(&store, "room", "a").await, "there is a device");
    assert!(store.remove_device("d", "bob").await.unwrap());
    store.mark_unreachable("bob").await.unwrap();
    assert!(!has_devices(&store, "room", "b").await);
}

#[tokio::test]
async fn item_33_a_device_ends_with_its_session() {
    let store = Scratch::new().await;
    for user in ["ada", "bob"] {
        let id = format!("{user}'s");
        let session = Session::new(id, user.into(), "a browser".into(), NOW);
        store.insert_session(&session).await.unwrap();
        register(&store, user, user, user).await;
    }
    assert!(store.end_session("ada's", "ada").await.unwrap());
    assert!(ids_of(&store, "ada").await.is_empty());
    let live = store.live_sessions(&["ada's", "bob's"], NOW).await.unwrap();
    assert_eq!(live.into_iter().collect::<Vec<_>>(), ["bob's"]);
    store.end_sessions("bob", Some("bob's")).await.unwrap();
    assert_eq!(ids_of(&store, "bob").await, ["bob"]);
    store.end_sessions("bob", None).await.unwrap();
    assert!(ids_of(&store, "bob").await.is_empty());
}

#[tokio::test]
async fn of_several_requests_one_announces_a_message() {
    let store = Scratch::new().await;
    create(&store, "room").await;
    talk(&store, "room", 3).await;
    let claimed = at_once(10, async |_| {
        store.claim_unannounced("room", 3).await.unwrap()
    })
    .await;
    let claimed: Vec<_> = claimed.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 1);
    // Nothing was announced before, so that the request's message is the first.
    let seqs: Vec<i64> = claimed[0].messages.iter().map(|one| one.seq).collect();
    assert_eq!((seqs, claimed[0].newest), (vec![3], 3));
    say(&store, "room", "Ada", "m4").await;
    say(&store, "room", "Ada", "m5").await;
    let claimed = store.claim_unannounced("room", 5).await.unwrap().unwrap();
    let seqs: Vec<i64> = claimed.messages.iter().map(|one| one.seq).collect();
    assert_eq!(seqs, [4, 5]);
    assert!(store.claim_unannounced("room", 5).await.unwrap().is_none());
    let again = store.announced_again("room", 4).await.unwrap().unwrap();
    assert_eq!(again.messages, claimed.messages);
}

#[tokio::test]
async fn recipients_have_a_device_unread_messages_and_want_to_know() {
    let store = Scratch::new().await;
    create(&store, "room").await;
    talk(&store, "room", 3).await;
    for name in ["Bob", "Eve", "Max", "Zoe"] {
        join(&store, "room", name).await;
    }
    for user in ["bob", "eve", "max"] {
        register(&store, user, user, user).await;
    }
    let users = async || {
        let found = store.recipients("room", 3, None).await.unwrap();
        let mut users: Vec<_> = found
            .into_iter()
            .map(|one| (one.user, one.notify))
            .collect();
        users.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        users
    };
    let all = ["bob", "eve", "max"].map(|user| (user.to_owned(), Notify::All));
    assert_eq!(users().await, all);
    store.mark_read("room", "bob", 3, NOW).await.unwrap();
    store.set_notify("room", "eve", Notify::None).await.unwrap();
    store
        .set_notify("room", "max", Notify::Mentions)
        .await
        .unwrap();
    assert_eq!(users().await, [("max".to_owned(), Notify::Mentions)]);
    store.remove_member("room", "max", NOW).await.unwrap();
    join(&store, "room", "Max").await;
    assert_eq!(users().await, [("max".to_owned(), Notify::Mentions)]);
    store.set_notify("room", "max", Notify::All).await.unwrap();
    let shown = store
        .membership("room", "max")
        .await
        .unwrap()
        .unwrap()
        .room();
    assert_eq!(shown.notify, Notify::All);
}

#[tokio::test]
async fn a_session_is_active_if_it_sent_a_frame_since() {
    let store = Scratch::new().await;
    open(&store, "socket", "Ada", "s").await;
    hello(&store, "socket", &["room"]).await;
    let users = ["ada".to_owned()];
    let since = async |since| store.sessions_active_since(&users, since).await.unwrap();
    assert_eq!(since(NOW - MILLI).await.len(), 1);
    assert!(since(NOW).await.is_empty());
    assert!(since(NOW + PRESENCE_LEASE).await.is_empty());
    assert!(since(NOW + Duration::from_secs(1)).await.is_empty());
}
