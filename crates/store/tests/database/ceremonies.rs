//! Ceremonies: so many tries, one end.

use domain::Timestamp;
use domain::limits::{CEREMONY_LIFETIME, CODE_TRIES};
use store::ceremonies::{Ceremony, Kind};

use crate::scratch::{MILLI, NOW, Scratch, at_once};

fn end() -> Timestamp {
    NOW + CEREMONY_LIFETIME
}

async fn with_one() -> Scratch {
    let store = Scratch::new().await;
    let user = Some("ada".to_owned());
    let ceremony = Ceremony::new("c".into(), Kind::SecondFactor, user, vec![0, 255], end());
    store.begin_ceremony(&ceremony).await.unwrap();
    store
}

#[tokio::test]
async fn of_twenty_answers_at_once_five_are_compared_and_one_ends_it() {
    let store = with_one().await;
    let kind = Kind::SecondFactor;
    let tried = at_once(20, async |_| {
        store.try_ceremony("c", kind, NOW).await.unwrap()
    })
    .await;
    let mut left: Vec<u32> = tried.into_iter().flatten().map(|c| c.tries_left).collect();
    left.sort_unstable();
    assert_eq!(left, (0..CODE_TRIES).collect::<Vec<_>>());
    store.return_ceremony_try("c").await.unwrap();
    assert!(store.try_ceremony("c", kind, NOW).await.unwrap().is_some());
    let ended = at_once(20, async |_| {
        store.end_ceremony("c", kind, NOW).await.unwrap()
    })
    .await;
    let ended: Vec<_> = ended.into_iter().flatten().collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].state(), [0, 255]);
    assert_eq!(ended[0].user.as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_ceremony_counts_for_nothing_else_and_for_no_longer() {
    let store = with_one().await;
    for kind in [Kind::TotpSetup, Kind::PasskeySetup, Kind::PasskeySignIn] {
        assert!(store.try_ceremony("c", kind, NOW).await.unwrap().is_none());
        assert!(store.end_ceremony("c", kind, NOW).await.unwrap().is_none());
    }
    let kind = Kind::SecondFactor;
    assert!(
        store
            .try_ceremony("c", kind, end())
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .end_ceremony("c", kind, end())
            .await
            .unwrap()
            .is_none()
    );
    let in_time = store.end_ceremony("c", kind, end() - MILLI).await.unwrap();
    assert!(in_time.is_some());
}

#[tokio::test]
async fn beginning_again_replaces_what_was_begun() {
    let store = with_one().await;
    let again = Ceremony::new("c".into(), Kind::TotpSetup, None, vec![7], end());
    store.begin_ceremony(&again).await.unwrap();
    let old = store.try_ceremony("c", Kind::SecondFactor, NOW).await;
    assert!(old.unwrap().is_none());
    let new = store.end_ceremony("c", Kind::TotpSetup, NOW).await.unwrap();
    assert_eq!(new.expect("it is there").state(), [7]);
}
