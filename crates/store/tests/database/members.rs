//! Who is in a room, since when, and as what.

use protocol::Role;
use store::Store;
use store::members::{Joined, MemberRow};

use crate::people::{member, person};
use crate::scratch::{MILLI, NOW, Scratch, at_once};

async fn room_of(names: &[&str]) -> Scratch {
    let store = Scratch::new().await;
    for (since, name) in (0..).zip(names) {
        let joined = store
            .add_member(&member("room", name, since))
            .await
            .unwrap();
        assert_eq!(joined, Joined::New);
    }
    store
}

async fn owners(store: &Store) -> Vec<String> {
    let members = store.members_of("room").await.unwrap();
    let owners = members
        .into_iter()
        .filter(|member| member.role == Role::Owner);
    owners.map(|owner| owner.user).collect()
}

#[tokio::test]
async fn of_twenty_who_add_one_person_at_once_one_does() {
    let store = Scratch::new().await;
    let joined = at_once(20, async |since| {
        let row = member("room", "Ada", since as u64);
        store.add_member(&row).await.unwrap()
    })
    .await;
    assert_eq!(joined.iter().filter(|one| **one == Joined::New).count(), 1);
    assert_eq!(store.members_of("room").await.unwrap().len(), 1);
}

#[tokio::test]
async fn members_are_listed_longest_standing_first() {
    let store = Scratch::new().await;
    for (name, since) in [("Cleo", 30), ("Ada", 10), ("Bob", 20)] {
        store
            .add_member(&member("room", name, since))
            .await
            .unwrap();
    }
    store.add_member(&member("other", "Dan", 0)).await.unwrap();
    let listed = store.members_of("room").await.unwrap();
    let names: Vec<_> = listed.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Bob", "Cleo"]);
}

#[tokio::test]
async fn who_leaves_is_given_as_they_were_and_is_gone() {
    let store = room_of(&["Ada", "Bob"]).await;
    let left = at_once(5, async |_| {
        store.remove_member("room", "ada").await.unwrap()
    })
    .await;
    let left: Vec<MemberRow> = left.into_iter().flatten().collect();
    assert_eq!(left, [member("room", "Ada", 0)]);
    assert!(!store.is_member("room", "ada").await.unwrap());
    assert!(store.is_member("room", "bob").await.unwrap());
    assert!(!store.is_member("other", "bob").await.unwrap());
}

#[tokio::test]
async fn a_room_without_an_owner_gets_its_longest_standing_member_and_only_that() {
    let store = room_of(&["Ada", "Bob", "Cleo"]).await;
    at_once(20, async |_| store.ensure_owner("room").await.unwrap()).await;
    assert_eq!(owners(&store).await, ["ada"]);
    store.remove_member("room", "ada").await.unwrap();
    at_once(20, async |_| store.ensure_owner("room").await.unwrap()).await;
    assert_eq!(owners(&store).await, ["bob"]);
}

#[tokio::test]
async fn a_room_with_an_owner_keeps_it() {
    let store = room_of(&["Ada"]).await;
    let bob = MemberRow::new("room", &person("Bob"), Role::Owner, NOW + MILLI);
    store.add_member(&bob).await.unwrap();
    store.ensure_owner("room").await.unwrap();
    assert_eq!(owners(&store).await, ["bob"]);
    store.ensure_owner("empty").await.unwrap();
    assert!(store.members_of("empty").await.unwrap().is_empty());
}

#[tokio::test]
async fn members_are_counted_no_further_than_one_beyond_the_limit() {
    let store = room_of(&["Ada", "Bob", "Cleo", "Dan"]).await;
    assert_eq!(store.count_members("room", 10).await.unwrap(), 4);
    assert_eq!(store.count_members("room", 4).await.unwrap(), 4);
    assert_eq!(store.count_members("room", 2).await.unwrap(), 3);
    assert_eq!(store.count_members("empty", 2).await.unwrap(), 0);
}

#[tokio::test]
async fn the_rooms_of_a_person_are_counted_and_listed() {
    let store = room_of(&["Ada", "Bob"]).await;
    store.add_member(&member("other", "Ada", 0)).await.unwrap();
    assert_eq!(store.count_rooms("ada").await.unwrap(), 2);
    assert_eq!(store.count_rooms("nobody").await.unwrap(), 0);
    let mut rooms = store.room_ids_of("ada").await.unwrap();
    rooms.sort_unstable();
    assert_eq!(rooms, ["other", "room"]);
    assert_eq!(store.room_ids_of("bob").await.unwrap(), ["room"]);
}

#[tokio::test]
async fn a_read_mark_only_moves_forward() {
    let store = room_of(&["Ada"]).await;
    assert!(store.mark_read("room", "ada", 5).await.unwrap());
    assert!(!store.mark_read("room", "ada", 5).await.unwrap());
    assert!(!store.mark_read("room", "ada", 3).await.unwrap());
    assert!(!store.mark_read("room", "nobody", 9).await.unwrap());
    at_once(20, async |n| {
        store.mark_read("room", "ada", n as i64).await.unwrap()
    })
    .await;
    assert_eq!(store.members_of("room").await.unwrap()[0].read_seq, 19);
}
