//! Sign-ins, and their tokens that are rotated.

use std::time::Duration;

use domain::Timestamp;
use domain::limits::{REFRESH_GRACE, SESSION_LIFETIME};
use store::Store;
use store::sessions::{Rotated, Session};

use crate::scratch::{MILLI, NOW, Scratch, at_once};

async fn begin(store: &Store, id: &str, user: &str, at: Timestamp) {
    let session = Session::new(id.into(), user.into(), "a browser".into(), at);
    store.insert_session(&session).await.unwrap();
}

async fn with_one() -> Scratch {
    let store = Scratch::new().await;
    begin(&store, "s", "ada", NOW).await;
    store
}

/// The rotation that the session goes on with; none when it does not.
async fn rotate(store: &Store, rotation: i64, now: Timestamp) -> Option<i64> {
    match store.rotate_session("s", rotation, now).await.unwrap() {
        Rotated::On(session) => Some(session.rotation),
        Rotated::Reused(_) | Rotated::Ended => None,
    }
}

#[tokio::test]
async fn twenty_tabs_that_refresh_at_once_get_the_same_successor() {
    let store = with_one().await;
    let rotated = at_once(20, async |_| rotate(&store, 0, NOW).await).await;
    assert_eq!(rotated, [Some(1); 20]);
    assert_eq!(rotate(&store, 1, NOW).await, Some(2));
}

#[tokio::test]
async fn a_token_is_forgiven_for_30_s_and_then_betrays_a_thief() {
    let store = with_one().await;
    assert_eq!(rotate(&store, 0, NOW).await, Some(1));
    assert_eq!(rotate(&store, 0, NOW + REFRESH_GRACE).await, Some(1));
    let late = store
        .rotate_session("s", 0, NOW + REFRESH_GRACE + MILLI)
        .await;
    let Rotated::Reused(session) = late.unwrap() else {
        panic!("it was rotated longer ago than the grace");
    };
    assert_eq!((session.user.as_str(), session.rotation), ("ada", 1));
}

#[tokio::test]
async fn every_token_within_the_grace_gets_the_newest() {
    let store = with_one().await;
    for rotation in 0..5 {
        let now = NOW + rotation as u32 * Duration::from_secs(10);
        assert_eq!(rotate(&store, rotation, now).await, Some(rotation + 1));
    }
    // The last rotations were 40, 30, 20, 10 and 0 seconds ago.
    let now = NOW + Duration::from_secs(40);
    assert_eq!(rotate(&store, 0, now).await, None);
    for rotation in 1..5 {
        assert_eq!(rotate(&store, rotation, now).await, Some(5));
    }
}

#[tokio::test]
async fn a_token_that_was_never_given_out_is_not_taken() {
    let store = with_one().await;
    for rotation in [-1, 1, i64::MAX] {
        let rotated = store.rotate_session("s", rotation, NOW).await.unwrap();
        assert!(matches!(rotated, Rotated::Reused(_)), "{rotation}");
    }
    assert_eq!(rotate(&store, 0, NOW).await, Some(1));
}

#[tokio::test]
async fn a_session_lasts_from_its_last_refresh() {
    let store = with_one().await;
    let last = NOW + SESSION_LIFETIME - MILLI;
    assert!(store.is_session_live("s", "ada", last).await.unwrap());
    assert!(
        !store
            .is_session_live("s", "ada", last + MILLI)
            .await
            .unwrap()
    );
    assert_eq!(rotate(&store, 0, last).await, Some(1));
    assert!(
        store
            .is_session_live("s", "ada", last + MILLI)
            .await
            .unwrap()
    );
    let end = last + SESSION_LIFETIME;
    let ended = store.rotate_session("s", 1, end).await.unwrap();
    assert!(matches!(ended, Rotated::Ended));
}

#[tokio::test]
async fn a_session_is_ended_once_and_by_its_owner_alone() {
    let store = with_one().await;
    assert!(!store.end_session("s", "bob").await.unwrap());
    assert!(!store.is_session_live("s", "bob", NOW).await.unwrap());
    let ended = at_once(20, async |_| store.end_session("s", "ada").await.unwrap()).await;
    assert_eq!(ended.iter().filter(|won| **won).count(), 1);
    assert!(!store.is_session_live("s", "ada", NOW).await.unwrap());
    let rotated = store.rotate_session("s", 0, NOW).await.unwrap();
    assert!(matches!(rotated, Rotated::Ended));
}

#[tokio::test]
async fn all_sessions_of_a_user_end_but_the_one_that_is_kept() {
    let store = Scratch::new().await;
    for (id, user) in [("a1", "ada"), ("a2", "ada"), ("a3", "ada"), ("b1", "bob")] {
        begin(&store, id, user, NOW).await;
    }
    store.end_sessions("ada", Some("a2")).await.unwrap();
    let left = store.sessions_of("ada", NOW).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0].id.as_str(), left[0].device.as_str()),
        ("a2", "a browser")
    );
    store.end_sessions("ada", None).await.unwrap();
    assert!(store.sessions_of("ada", NOW).await.unwrap().is_empty());
    assert!(store.is_session_live("b1", "bob", NOW).await.unwrap());
}

#[tokio::test]
async fn sessions_are_listed_newest_first_without_those_that_ran_out() {
    let store = Scratch::new().await;
    for (id, at) in [("second", 2), ("third", 3), ("first", 1)] {
        begin(&store, id, "ada", NOW + Duration::from_millis(at)).await;
    }
    let now = NOW + MILLI + SESSION_LIFETIME;
    let listed = store.sessions_of("ada", now).await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|session| session.id).collect();
    assert_eq!(listed, ["third", "second"]);
}
