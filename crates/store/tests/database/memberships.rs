//! Rooms as their members see them: one aggregate.

use domain::RoomName;
use domain::limits::PRESENCE_MEMBERS;
use protocol::RoomKind;
use store::Store;
use store::invitations::Invitation;
use store::members::ActOf;
use store::rooms::RoomRow;

use crate::people::{hello, member, open, person, say_as, talk};
use crate::scratch::{NOW, Scratch, at_once};

async fn group(store: &Store, id: &str, names: &[&str]) {
    let name = RoomName::parse("name", &format!("The {id}")).unwrap();
    let row = RoomRow::group(id.into(), &name, NOW);
    store.create_room(&row).await.unwrap();
    for (since, name) in (0..).zip(names) {
        store
            .add_member(&member(id, name, since), ActOf::Member)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_membership_tells_the_room_its_newest_seq_and_ones_own_read_mark() {
    let store = Scratch::new().await;
    group(&store, "kitchen", &["Ada", "Bob"]).await;
    talk(&store, "kitchen", 7).await;
    store.mark_read("kitchen", "bob", 4, NOW).await.unwrap();
    let membership = store.membership("kitchen", "bob").await.unwrap();
    let membership = membership.expect("Bob is a member");
    let room = membership.room();
    assert_eq!(
        (room.id.as_str(), room.name.as_str()),
        ("kitchen", "The kitchen")
    );
    assert_eq!(
        (room.kind, room.last_seq, room.read_seq),
        (RoomKind::Group, 7, 4)
    );
    assert_eq!(membership.member.user().name, "Bob");
}

#[tokio::test]
async fn others_do_not_see_a_room() {
    let store = Scratch::new().await;
    group(&store, "kitchen", &["Ada"]).await;
    assert!(store.membership("kitchen", "bob").await.unwrap().is_none());
    assert!(store.membership("unknown", "ada").await.unwrap().is_none());
    assert!(store.memberships_of("bob").await.unwrap().is_empty());
}

#[tokio::test]
async fn finding_10_a_direct_room_is_named_after_the_other_also_after_they_left() {
    let store = Scratch::new().await;
    let row = RoomRow::direct("pair".into(), "ada@example.org", "bob@example.org", NOW);
    store.create_room(&row).await.unwrap();
    let ada = member("pair", "Ada", 0).titled("bob@example.org");
    store.add_member(&ada, ActOf::Member).await.unwrap();
    let named = async |user| {
        let membership = store.membership("pair", user).await.unwrap();
        membership.expect("it is a member").room().name
    };
    assert_eq!(named("ada").await, "bob@example.org");
    store.remove_member("pair", "ada", NOW).await.unwrap();
    let bob = member("pair", "Bob", 1);
    store.add_member(&bob, ActOf::Member).await.unwrap();
    assert_eq!(named("bob").await, "Ada");
    store.add_member(&ada, ActOf::Member).await.unwrap();
    assert_eq!(named("ada").await, "Bob");
}

#[tokio::test]
async fn a_room_shows_the_beginning_of_its_newest_message() {
    let store = Scratch::new().await;
    group(&store, "kitchen", &["Ada"]).await;
    let room = async || {
        let membership = store.membership("kitchen", "ada").await.unwrap();
        membership.expect("Ada is a member").room()
    };
    let empty = room().await;
    assert_eq!((empty.last, empty.last_at), (None, Some(NOW)));
    let text = "ä".repeat(200);
    say_as(&store, "kitchen", &person("Ada"), "m1", &text).await;
    let last = room().await.last.expect("a message was sent");
    assert_eq!((last.seq, last.from, last.at), (1, person("Ada"), NOW));
    assert_eq!(last.text, "ä".repeat(80));
}

#[tokio::test]
async fn all_rooms_of_a_person_come_with_their_newest_seq_however_many() {
    let store = Scratch::new().await;
    let count = 120;
    at_once(count, async |n| {
        let id = format!("room{n}");
        group(&store, &id, &["Ada"]).await;
        talk(&store, &id, (n % 3) as i64).await;
    })
    .await;
    group(&store, "not-hers", &["Bob"]).await;
    let seen = store.memberships_of("ada").await.unwrap();
    let mut seen: Vec<_> = seen
        .iter()
        .map(|membership| (membership.room().id, membership.last_seq()))
        .collect();
    seen.sort_unstable();
    let mut expected: Vec<_> = (0..count)
        .map(|n| (format!("room{n}"), (n % 3) as i64))
        .collect();
    expected.sort_unstable();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_membership_whose_room_was_never_made_is_not_shown() {
    let store = Scratch::new().await;
    group(&store, "kitchen", &["Ada"]).await;
    store
        .add_member(&member("ghost", "Ada", 0), ActOf::Member)
        .await
        .unwrap();
    let seen = store.memberships_of("ada").await.unwrap();
    let seen: Vec<_> = seen.into_iter().map(|one| one.room_row.id).collect();
    assert_eq!(seen, ["kitchen"]);
}

#[tokio::test]
async fn a_room_with_its_members_names_those_invited_and_those_present() {
    let store = Scratch::new().await;
    group(&store, "kitchen", &["Ada", "Bob", "Cleo"]).await;
    for (id, name) in [("s1", "Ada"), ("s2", "Ada"), ("s3", "Bob"), ("s4", "Dan")] {
        open(&store, id, name, "session").await;
    }
    // Bob's is still opening.
    for id in ["s1", "s2", "s4"] {
        hello(&store, id, &[]).await;
    }
    let invitation = Invitation::new("kitchen", "eve@example.org", "ada", NOW);
    assert!(store.invite(&invitation).await.unwrap());
    let membership = store.membership("kitchen", "ada").await.unwrap().unwrap();
    let room = store.room_with_members(&membership, NOW).await.unwrap();
    let members = room.members.expect("they were asked for");
    let names: Vec<_> = members.iter().map(|one| one.user.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Bob", "Cleo"]);
    assert_eq!(room.invited.unwrap(), ["eve@example.org"]);
    assert_eq!(room.online.unwrap(), ["ada"]);
}

#[tokio::test]
async fn a_room_of_more_than_a_hundred_tells_no_presence() {
    let store = Scratch::new().await;
    group(&store, "hall", &["Ada"]).await;
    let add = async |n: usize| {
        let row = member("hall", &format!("P{n}"), 1);
        store.add_member(&row, ActOf::Member).await.unwrap()
    };
    at_once(PRESENCE_MEMBERS as usize - 1, add).await;
    let membership = store.membership("hall", "ada").await.unwrap().unwrap();
    let room = store.room_with_members(&membership, NOW).await.unwrap();
    assert_eq!(room.members.unwrap().len() as u64, PRESENCE_MEMBERS);
    assert_eq!(room.online.unwrap(), [""; 0]);
    store
        .add_member(&member("hall", "Bob", 1), ActOf::Member)
        .await
        .unwrap();
    let room = store.room_with_members(&membership, NOW).await.unwrap();
    assert_eq!(room.online, None);
}
