//! Invitations by address, and how they end.

use std::time::Duration;

use domain::limits::INVITATION_LIFETIME;
use store::invitations::Invitation;

use crate::scratch::{NOW, Scratch, at_once};

const EVE: &str = "eve@example.org";

fn invitation(room: &str, email: &str) -> Invitation {
    Invitation::new(room, email, "ada", NOW)
}

#[tokio::test]
async fn of_twenty_invitations_at_once_of_one_address_one_is_new() {
    let store = Scratch::new().await;
    let kept = at_once(20, async |_| {
        store.invite(&invitation("room", EVE)).await.unwrap()
    })
    .await;
    assert_eq!(kept.iter().filter(|is_new| **is_new).count(), 1);
    assert_eq!(store.invited_to("room", NOW).await.unwrap(), [EVE]);
}

#[tokio::test]
async fn an_address_is_invited_to_each_room_by_itself() {
    let store = Scratch::new().await;
    for (room, email) in [("one", EVE), ("two", EVE), ("two", "fay@example.org")] {
        assert!(store.invite(&invitation(room, email)).await.unwrap());
    }
    let rooms = store.invitations_of(EVE, NOW).await.unwrap();
    let mut rooms: Vec<_> = rooms.into_iter().map(|one| one.room).collect();
    rooms.sort_unstable();
    assert_eq!(rooms, ["one", "two"]);
    assert!(store.withdraw("one", EVE).await.unwrap());
    assert!(!store.withdraw("one", EVE).await.unwrap());
    assert!(!store.is_invited("one", EVE, NOW).await.unwrap());
    assert!(store.is_invited("two", EVE, NOW).await.unwrap());
    assert!(
        store
            .is_invited("two", "fay@example.org", NOW)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn item_48_an_invitation_ends_after_two_weeks_and_can_be_issued_again() {
    let store = Scratch::new().await;
    store.invite(&invitation("room", EVE)).await.unwrap();
    let end = NOW + INVITATION_LIFETIME;
    for (now, open) in [(end - Duration::from_millis(1), true), (end, false)] {
        assert_eq!(store.is_invited("room", EVE, now).await.unwrap(), open);
        assert_eq!(
            store.invited_to("room", now).await.unwrap().len(),
            usize::from(open)
        );
        assert_eq!(
            store.invitations_of(EVE, now).await.unwrap().len(),
            usize::from(open)
        );
    }
    assert!(!store.claim_invitation("room", EVE, end).await.unwrap());
    let again = Invitation::new("room", EVE, "bob", end);
    assert!(store.invite(&again).await.unwrap());
    assert!(store.claim_invitation("room", EVE, end).await.unwrap());
}

#[tokio::test]
async fn an_invitation_that_was_declined_is_not_issued_again() {
    let store = Scratch::new().await;
    store.invite(&invitation("room", EVE)).await.unwrap();
    assert!(store.decline("room", EVE, NOW).await.unwrap());
    assert!(!store.decline("room", EVE, NOW).await.unwrap());
    assert!(store.invited_to("room", NOW).await.unwrap().is_empty());
    assert!(store.invitations_of(EVE, NOW).await.unwrap().is_empty());
    assert!(!store.invite(&invitation("room", EVE)).await.unwrap());
    assert!(!store.claim_invitation("room", EVE, NOW).await.unwrap());
    assert!(!store.withdraw("room", EVE).await.unwrap());
}

#[tokio::test]
async fn item_48_an_invitation_is_either_accepted_or_withdrawn() {
    let store = Scratch::new().await;
    for round in 0..20 {
        let room = format!("room{round}");
        store.invite(&invitation(&room, EVE)).await.unwrap();
        let (claimed, withdrawn, all) = tokio::join!(
            store.claim_invitation(&room, EVE, NOW),
            store.withdraw(&room, EVE),
            store.withdraw_all_by(&room, "ada"),
        );
        all.unwrap();
        let (claimed, withdrawn) = (claimed.unwrap(), withdrawn.unwrap());
        assert!(!(claimed && withdrawn), "{room}");
        assert_eq!(store.is_invited(&room, EVE, NOW).await.unwrap(), claimed);
    }
}

#[tokio::test]
async fn item_48_all_invitations_of_a_removed_member_are_withdrawn() {
    let store = Scratch::new().await;
    for (room, email, by) in [
        ("room", EVE, "ada"),
        ("room", "fay@example.org", "bob"),
        ("other", EVE, "ada"),
    ] {
        let one = Invitation::new(room, email, by, NOW);
        store.invite(&one).await.unwrap();
    }
    store.withdraw_all_by("room", "ada").await.unwrap();
    assert_eq!(
        store.invited_to("room", NOW).await.unwrap(),
        ["fay@example.org"]
    );
    assert_eq!(store.invited_to("other", NOW).await.unwrap(), [EVE]);
}
