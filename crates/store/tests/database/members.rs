//! Memberships: roles, read marks, and how many rooms one person is in.

use std::time::Duration;

use domain::limits::{ROOMS_BY_OTHERS, ROOMS_PER_USER};
use protocol::Role;
use store::Store;
use store::members::{ActOf, Joined, MemberRow};

use crate::people::{member, person};
use crate::scratch::{NOW, Scratch, at_once};

async fn room_of(names: &[&str]) -> Scratch {
    let store = Scratch::new().await;
    for (since, name) in (0..).zip(names) {
        let joined = store
            .add_member(&member("room", name, since), ActOf::Member)
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
        store.add_member(&row, ActOf::Member).await.unwrap()
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
            .add_member(&member("room", name, since), ActOf::Member)
            .await
            .unwrap();
    }
    store
        .add_member(&member("other", "Dan", 0), ActOf::Member)
        .await
        .unwrap();
    let listed = store.members_of("room").await.unwrap();
    let names: Vec<_> = listed.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Bob", "Cleo"]);
}

#[tokio::test]
async fn leaving_returns_the_deleted_membership() {
    let store = room_of(&["Ada", "Bob"]).await;
    let left = at_once(5, async |_| {
        store.remove_member("room", "ada", NOW).await.unwrap()
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
    store.remove_member("room", "ada", NOW).await.unwrap();
    at_once(20, async |_| store.ensure_owner("room").await.unwrap()).await;
    assert_eq!(owners(&store).await, ["bob"]);
}

#[tokio::test]
async fn a_room_with_an_owner_keeps_it() {
    let store = room_of(&["Ada"]).await;
    let bob = MemberRow::new(
        "room",
        &person("Bob"),
        Role::Owner,
        NOW + Duration::from_millis(1),
    );
    store.add_member(&bob, ActOf::Member).await.unwrap();
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
    store
        .add_member(&member("other", "Ada", 0), ActOf::Member)
        .await
        .unwrap();
    assert_eq!(store.count_rooms("ada").await.unwrap(), 2);
    assert_eq!(store.count_rooms("carl").await.unwrap(), 0);
    let mut rooms = store.room_ids_of("ada").await.unwrap();
    rooms.sort_unstable();
    assert_eq!(rooms, ["other", "room"]);
    assert_eq!(store.room_ids_of("bob").await.unwrap(), ["room"]);
}

#[tokio::test]
async fn a_read_mark_only_moves_forward() {
    let store = room_of(&["Ada"]).await;
    assert!(store.mark_read("room", "ada", 5, NOW).await.unwrap());
    assert!(!store.mark_read("room", "ada", 5, NOW).await.unwrap());
    assert!(!store.mark_read("room", "ada", 3, NOW).await.unwrap());
    assert!(!store.mark_read("room", "carl", 9, NOW).await.unwrap());
    at_once(20, async |n| {
        store.mark_read("room", "ada", n as i64, NOW).await.unwrap()
    })
    .await;
    assert_eq!(store.members_of("room").await.unwrap()[0].read_seq, 19);
}

#[tokio::test]
async fn item_48_a_person_who_left_comes_back_by_their_own_act_alone() {
    let store = room_of(&["Ada", "Bob"]).await;
    store.mark_read("room", "ada", 7, NOW).await.unwrap();
    store.remove_member("room", "ada", NOW).await.unwrap();
    let row = member("room", "Ada", 9);
    let again = at_once(5, async |_| {
        store.add_member(&row, ActOf::Other).await.unwrap()
    })
    .await;
    assert_eq!(again, [Joined::HasLeft; 5]);
    assert!(!store.is_member("room", "ada").await.unwrap());
    let again = at_once(5, async |_| {
        store.add_member(&row, ActOf::Member).await.unwrap()
    })
    .await;
    assert_eq!(again.iter().filter(|one| **one == Joined::New).count(), 1);
    let members = store.members_of("room").await.unwrap();
    let ada = members.iter().find(|one| one.user == "ada").unwrap();
    assert_eq!(
        (ada.read_seq, ada.joined_at),
        (7, NOW + Duration::from_millis(9))
    );
}

#[tokio::test]
async fn item_35_of_ten_more_rooms_than_one_may_be_in_at_once_none_is_too_many() {
    let store = Scratch::new().await;
    let more = 10;
    let joined = at_once(ROOMS_PER_USER + more, async |n| {
        let row = member(&format!("room{n}"), "Ada", 0);
        store.add_member(&row, ActOf::Member).await.unwrap()
    })
    .await;
    let full = joined.iter().filter(|one| **one == Joined::Full).count();
    assert_eq!(full, more);
    assert_eq!(
        store.count_rooms("ada").await.unwrap(),
        ROOMS_PER_USER as u64
    );
    store.remove_member("room0", "ada", NOW).await.unwrap();
    let left = joined.iter().position(|one| *one == Joined::Full).unwrap();
    let row = member(&format!("room{left}"), "Ada", 0);
    let joined = store.add_member(&row, ActOf::Member).await.unwrap();
    assert_eq!(joined, Joined::New);
}

#[tokio::test]
async fn item_48_others_cannot_use_up_the_rooms_that_one_may_create() {
    let store = Scratch::new().await;
    let more = 5;
    let joined = at_once(ROOMS_BY_OTHERS + more, async |n| {
        let row = member(&format!("room{n}"), "Ada", 0);
        store.add_member(&row, ActOf::Other).await.unwrap()
    })
    .await;
    let refused = joined.iter().filter(|one| **one == Joined::FullForOthers);
    assert_eq!(refused.count(), more);
    let own = at_once(ROOMS_PER_USER - ROOMS_BY_OTHERS, async |n| {
        let row = member(&format!("own{n}"), "Ada", 0);
        store.add_member(&row, ActOf::Member).await.unwrap()
    })
    .await;
    assert!(own.iter().all(|one| *one == Joined::New));
}

#[tokio::test]
async fn people_who_share_a_room_are_found_and_those_who_left_are_not() {
    let store = room_of(&["Ada", "Bob", "Cleo"]).await;
    store
        .add_member(&member("other", "Dan", 0), ActOf::Member)
        .await
        .unwrap();
    store.remove_member("room", "cleo", NOW).await.unwrap();
    let others = ["bob", "cleo", "dan", "eve"].map(str::to_owned);
    let shared = store.acquaintances("ada", &others).await.unwrap();
    assert_eq!(shared, ["bob"]);
    assert!(
        store
            .acquaintances("cleo", &others)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn the_rooms_of_a_person_come_with_their_sizes_the_smallest_first() {
    let store = room_of(&["Ada", "Bob", "Cleo"]).await;
    for (room, name) in [("alone", "Ada"), ("pair", "Ada"), ("pair", "Bob")] {
        let row = member(room, name, 0);
        store.add_member(&row, ActOf::Member).await.unwrap();
    }
    let sizes = |most| store.room_sizes("ada", most);
    let named = |sizes: Vec<(String, u64)>| -> Vec<String> {
        sizes.into_iter().map(|(room, _)| room).collect()
    };
    assert_eq!(named(sizes(3).await.unwrap()), ["alone", "pair", "room"]);
    assert_eq!(named(sizes(2).await.unwrap()), ["alone", "pair"]);
}
