//! Addresses invited that have no account yet.

use store::invitations::Invitation;

use crate::scratch::{NOW, Scratch, at_once};

fn invitation(room: &str, email: &str) -> Invitation {
    Invitation {
        room: room.into(),
        email: email.into(),
        by: "ada".into(),
        at: NOW,
    }
}

#[tokio::test]
async fn of_twenty_invitations_at_once_of_one_address_one_is_new() {
    let store = Scratch::new().await;
    let kept = at_once(20, async |_| {
        let one = invitation("room", "eve@example.org");
        store.invite(&one).await.unwrap()
    })
    .await;
    assert_eq!(kept.iter().filter(|is_new| **is_new).count(), 1);
    assert_eq!(store.invited_to("room").await.unwrap(), ["eve@example.org"]);
}

#[tokio::test]
async fn an_address_is_invited_to_each_room_by_itself() {
    let store = Scratch::new().await;
    for (room, email) in [
        ("one", "eve@example.org"),
        ("two", "eve@example.org"),
        ("two", "fay@example.org"),
    ] {
        assert!(store.invite(&invitation(room, email)).await.unwrap());
    }
    let rooms = store.invitations_of("eve@example.org").await.unwrap();
    let mut rooms: Vec<_> = rooms.into_iter().map(|one| one.room).collect();
    rooms.sort_unstable();
    assert_eq!(rooms, ["one", "two"]);
    store.withdraw("one", "eve@example.org").await.unwrap();
    store.withdraw("one", "eve@example.org").await.unwrap();
    assert!(!store.is_invited("one", "eve@example.org").await.unwrap());
    assert!(store.is_invited("two", "eve@example.org").await.unwrap());
    assert!(store.is_invited("two", "fay@example.org").await.unwrap());
}
