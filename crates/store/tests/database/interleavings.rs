//! Two operations of which one is overtaken: the reply of one of its commands is held
//! while the other runs. `docs/data-model.md` lists the pairs of collections.

use std::time::Duration;

use domain::RoomName;
use domain::limits::{MEMBERS_PER_ROOM, Quota, ROOMS_PER_USER};
use embedded_mongo::Server;
use mongodb::Client;
use mongodb::bson::{Document, doc};
use protocol::{ChangeKind, Role};
use store::members::{ActOf, Joined};
use store::rooms::RoomRow;
use store::{Settings, Store};

use crate::people::{member, new, person, say_as};
use crate::scratch::{NOW, at_once, granted};

struct Held {
    server: Server,
    store: Store,
}

impl Held {
    async fn start() -> Self {
        let server = Server::start().expect("the embedded server starts");
        let uri = format!("{}/chat", server.uri());
        let store = Store::connect(Settings { uri }).await.unwrap();
        store.create_indexes().await.unwrap();
        Self { server, store }
    }

    async fn add(&self, room: &str, name: &str, since: u64, act: ActOf) -> Joined {
        let row = member(room, name, since);
        self.store.add_member(&row, act).await.unwrap()
    }

    async fn remove(&self, room: &str, user: &str) {
        let removed = self.store.remove_member(room, user, NOW).await.unwrap();
        assert!(removed.is_some());
    }

    /// Runs `first` until its next `command` on `collection` was executed, then all of
    /// `meanwhile`, then the rest of `first`.
    async fn overtake<T, U>(
        &self,
        command: &str,
        collection: &str,
        first: impl Future<Output = T>,
        meanwhile: impl Future<Output = U>,
    ) -> (T, U) {
        let mut hold = self.server.hold(command, &format!("chat.{collection}"));
        let second = async {
            hold.reached().await;
            let result = meanwhile.await;
            hold.release();
            result
        };
        tokio::join!(first, second)
    }
}

#[tokio::test]
async fn the_last_room_of_a_person_is_taken_by_another_addition() {
    let held = Held::start().await;
    let joined = at_once(ROOMS_PER_USER - 1, async |n| {
        held.add(&format!("room{n}"), "Ada", 0, ActOf::Member).await
    });
    assert!(joined.await.iter().all(|one| *one == Joined::New));
    let first = held.add("first", "Ada", 0, ActOf::Member);
    let second = held.add("second", "Ada", 0, ActOf::Member);
    let joined = held.overtake("find", "members", first, second).await;
    assert_eq!(joined, (Joined::Full, Joined::New));
    assert_eq!(held.store.count_rooms("ada").await.unwrap(), 500);
}

#[tokio::test]
async fn a_person_joins_and_leaves_while_another_adds_them() {
    let held = Held::start().await;
    let added = held.add("room", "Ada", 0, ActOf::Other);
    let leaves = async {
        let joined = held.add("room", "Ada", 0, ActOf::Member).await;
        assert_eq!(joined, Joined::New);
        held.remove("room", "ada").await;
    };
    let (joined, ()) = held.overtake("find", "members", added, leaves).await;
    assert_eq!(joined, Joined::HasLeft);
    assert!(!held.store.is_member("room", "ada").await.unwrap());
}

#[tokio::test]
async fn a_person_returns_twice() {
    let held = Held::start().await;
    held.add("room", "Ada", 0, ActOf::Member).await;
    held.remove("room", "ada").await;
    let first = held.add("room", "Ada", 1, ActOf::Member);
    let second = held.add("room", "Ada", 2, ActOf::Member);
    let joined = held.overtake("find", "members", first, second).await;
    assert_eq!(joined, (Joined::Already, Joined::New));
    assert_eq!(held.store.count_rooms("ada").await.unwrap(), 1);
}

#[tokio::test]
async fn another_becomes_owner_while_an_owner_is_looked_for() {
    let held = Held::start().await;
    held.add("room", "Bob", 20, ActOf::Member).await;
    let meanwhile = async {
        held.store.ensure_owner("room").await.unwrap();
        // Joined earlier, and written later.
        held.add("room", "Ada", 10, ActOf::Member).await;
    };
    let first = held.store.ensure_owner("room");
    let (ensured, ()) = held.overtake("find", "members", first, meanwhile).await;
    ensured.unwrap();
    let members = held.store.members_of("room").await.unwrap();
    let roles: Vec<_> = members.iter().map(|one| (&*one.user, one.role)).collect();
    assert_eq!(roles, [("ada", Role::Owner), ("bob", Role::Member)]);
}

/// Ada is the owner and hands the room over to Bob, who joined later.
async fn handing_over(held: &Held, meanwhile: impl Future<Output = ()>) -> Vec<(String, Role)> {
    held.add("room", "Ada", 10, ActOf::Member).await;
    held.add("room", "Bob", 20, ActOf::Member).await;
    held.store.ensure_owner("room").await.unwrap();
    let first = held.store.hand_over("room", "ada", "bob", NOW);
    let (handed, ()) = held
        .overtake("findAndModify", "members", first, meanwhile)
        .await;
    assert!(handed.unwrap().is_some());
    let members = held.store.members_of("room").await.unwrap();
    let roles = members.into_iter().map(|one| (one.user, one.role));
    roles.collect()
}

#[tokio::test]
async fn an_owner_is_looked_for_during_a_handover() {
    let held = Held::start().await;
    let meanwhile = async { held.store.ensure_owner("room").await.unwrap() };
    let roles = handing_over(&held, meanwhile).await;
    let expected = [("ada", Role::Member), ("bob", Role::Owner)];
    assert_eq!(roles, expected.map(|(user, role)| (user.to_owned(), role)));
}

#[tokio::test]
async fn the_new_owner_leaves_during_the_handover() {
    let held = Held::start().await;
    let meanwhile = async {
        held.remove("room", "bob").await;
        held.store.ensure_owner("room").await.unwrap();
    };
    let roles = handing_over(&held, meanwhile).await;
    assert_eq!(roles, [("ada".to_owned(), Role::Owner)]);
}

#[tokio::test]
async fn of_two_new_names_the_later_change_stays() {
    let held = Held::start().await;
    let name = RoomName::parse("name", "Tea").unwrap();
    let room = RoomRow::group("room".into(), &name, NOW);
    held.store.create_room(&room).await.unwrap();
    let rename = async |name: &str, topic: Option<&str>| {
        let kind = ChangeKind::Room {
            name: Some(name.to_owned()),
            topic: topic.map(str::to_owned),
        };
        let changed = held
            .store
            .append_room_change("room", &person("Ada"), &kind, NOW)
            .await;
        changed.unwrap().0
    };
    let first = rename("Coffee", Some("Beans"));
    let second = rename("Cocoa", None);
    let (first, second) = held.overtake("insert", "changes", first, second).await;
    let rooms = held.store.rooms_by_id(&["room".into()]).await.unwrap();
    assert_eq!(rooms[0].name, "Cocoa");
    assert_eq!(rooms[0].topic.as_deref(), Some("Beans"));
    let stored = held.store.changes_after("room", 0, 10).await.unwrap();
    assert_eq!(stored, [first, second]);
}

#[tokio::test]
async fn the_last_place_of_a_room_is_taken_by_another_addition() {
    let held = Held::start().await;
    let rows = (1..MEMBERS_PER_ROOM).map(|n| {
        doc! {
            "room": "room", "user": format!("p{n}"), "name": "P", "role": "member",
            "joined_at": NOW.as_millis(), "read_seq": 0_i64, "slot": 0,
        }
    });
    let client = Client::with_uri_str(held.server.uri()).await.unwrap();
    let members = client.database("chat").collection::<Document>("members");
    members.insert_many(rows).await.unwrap();
    let first = held.add("room", "Ada", 0, ActOf::Member);
    let second = held.add("room", "Bob", 0, ActOf::Member);
    let joined = held.overtake("insert", "members", first, second).await;
    assert_eq!(joined, (Joined::New, Joined::RoomFull));
    assert!(!held.store.is_member("room", "bob").await.unwrap());
    // The refused person may be added when there is room.
    held.remove("room", "p1").await;
    let joined = held.add("room", "Bob", 0, ActOf::Other).await;
    assert_eq!(joined, Joined::New);

    // One who left and returns has left again.
    let first = held.add("room", "Cleo", 0, ActOf::Member).await;
    assert_eq!(first, Joined::RoomFull);
    held.remove("room", "p2").await;
    held.add("room", "Cleo", 0, ActOf::Member).await;
    held.remove("room", "cleo").await;
    let returns = held.add("room", "Cleo", 1, ActOf::Member);
    let another = held.add("room", "Dan", 0, ActOf::Member);
    let joined = held.overtake("find", "members", returns, another).await;
    assert_eq!(joined, (Joined::RoomFull, Joined::New));
    let again = held.add("room", "Cleo", 2, ActOf::Other).await;
    assert_eq!(again, Joined::HasLeft);
}

#[tokio::test]
async fn the_last_of_a_quota_is_counted_by_another() {
    let held = Held::start().await;
    let quota = Quota {
        name: "test",
        window: Duration::from_secs(60),
        count: 1,
    };
    let first = held.store.count(quota, "ada", NOW);
    let second = held.store.count(quota, "ada", NOW);
    let (first, second) = held.overtake("find", "counters", first, second).await;
    assert!(granted(first).is_err());
    granted(second).unwrap();
}

#[tokio::test]
async fn another_message_is_stored_before_the_first_is_read_back() {
    let held = Held::start().await;
    for name in ["Ada", "Bob"] {
        held.add("room", name, 0, ActOf::Member).await;
    }
    let (ada, bob) = (person("Ada"), person("Bob"));
    let first = say_as(&held.store, "room", &ada, "m1", "one");
    let second = say_as(&held.store, "room", &bob, "m1", "two");
    let (first, second) = held.overtake("aggregate", "members", first, second).await;
    assert_eq!((new(first).seq, new(second).seq), (1, 2));
}

#[tokio::test]
async fn a_sender_leaves_between_the_insert_and_the_reading_back() {
    let held = Held::start().await;
    held.add("room", "Ada", 0, ActOf::Member).await;
    let ada = person("Ada");
    let message = say_as(&held.store, "room", &ada, "m1", "one");
    let leaves = held.remove("room", "ada");
    let (message, ()) = held.overtake("aggregate", "members", message, leaves).await;
    assert_eq!(new(message).seq, 1);
}
