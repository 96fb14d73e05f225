//! Addresses that nothing is sent to.

use domain::limits::SUPPRESSION;

use crate::scratch::{NOW, Scratch, at_once};

#[tokio::test]
async fn item_46_a_refused_address_is_suppressed_for_its_time_and_no_other() {
    let store = Scratch::new().await;
    let is_suppressed = async |email, now| store.is_suppressed(email, now).await.unwrap();
    assert!(!is_suppressed("ada@example.org", NOW).await);
    at_once(5, async |_| {
        store
            .suppress_address("ada@example.org", NOW)
            .await
            .unwrap();
    })
    .await;
    assert!(is_suppressed("ada@example.org", NOW).await);
    assert!(!is_suppressed("bob@example.org", NOW).await);
    let end = NOW + SUPPRESSION;
    assert!(!is_suppressed("ada@example.org", end).await);
}
