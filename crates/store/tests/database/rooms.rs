//! One direct room per pair.

use domain::RoomName;
use store::rooms::{RoomCreated, RoomRow};

use crate::scratch::{NOW, Scratch, at_once};

#[tokio::test]
async fn of_twenty_rooms_at_once_for_one_pair_all_get_the_one_that_is_made() {
    let store = Scratch::new().await;
    let ids = at_once(20, async |n| {
        let id = format!("room{n}");
        // Each of the two begins half of them.
        let (one, other) = match n % 2 {
            0 => ("ada@example.org", "bob@example.org"),
            _ => ("bob@example.org", "ada@example.org"),
        };
        let room = RoomRow::direct(id.clone(), one, other, NOW);
        match store.create_room(&room).await.unwrap() {
            RoomCreated::New => (id, true),
            RoomCreated::Existing(room) => (room.id, false),
        }
    })
    .await;
    assert_eq!(ids.iter().filter(|(_, is_new)| *is_new).count(), 1);
    assert!(ids.iter().all(|(id, _)| *id == ids[0].0), "{ids:?}");
}

#[tokio::test]
async fn a_pair_is_the_same_from_both_sides_and_no_other() {
    let store = Scratch::new().await;
    let room = |id: &str, other| RoomRow::direct(id.into(), "ada@example.org", other, NOW);
    let with_bob = room("with-bob", "bob@example.org");
    assert!(matches!(
        store.create_room(&with_bob).await.unwrap(),
        RoomCreated::New
    ));
    let with_cleo = room("with-cleo", "cleo@example.org");
    assert!(matches!(
        store.create_room(&with_cleo).await.unwrap(),
        RoomCreated::New
    ));
    let turned = RoomRow::direct("x".into(), "bob@example.org", "ada@example.org", NOW);
    assert_eq!(store.existing_room(&turned).await.unwrap(), Some(with_bob));
    let strange = room("y", "carl@example.org");
    assert_eq!(store.existing_room(&strange).await.unwrap(), None);
}

#[tokio::test]
async fn groups_have_no_pair_and_may_share_a_name() {
    let store = Scratch::new().await;
    let name = RoomName::parse("name", "Kitchen").unwrap();
    for id in ["one", "two"] {
        let group = RoomRow::group(id.into(), &name, NOW);
        assert!(matches!(
            store.create_room(&group).await.unwrap(),
            RoomCreated::New
        ));
        assert_eq!(store.existing_room(&group).await.unwrap(), None);
    }
}
