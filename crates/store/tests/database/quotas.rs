//! Quotas and steady rates: any number at once take no more than there is.

use std::time::Duration;

use domain::Timestamp;
use domain::limits::{Quota, Rate};

use crate::scratch::{MILLI, NOW, Scratch, at_once, granted};

const TEN: Quota = Quota {
    name: "ten",
    count: 10,
    window: Duration::from_mins(1),
};

const STEADY: Rate = Rate {
    name: "steady",
    interval: Duration::from_millis(50),
    burst: 15,
};

fn yes(answers: &[Result<(), Timestamp>]) -> usize {
    answers.iter().filter(|one| one.is_ok()).count()
}

#[tokio::test]
async fn of_fifty_at_once_a_quota_of_ten_lets_ten_through() {
    let store = Scratch::new().await;
    let answers = at_once(50, async |_| granted(store.count(TEN, "ada", NOW).await)).await;
    assert_eq!(yes(&answers), 10);
}

#[tokio::test]
async fn a_rejected_request_is_allowed_at_its_retry_time() {
    let store = Scratch::new().await;
    let all = granted(store.count_many(TEN, "ada", 10, NOW).await);
    assert_eq!(all, Ok(()));
    let at = granted(store.count(TEN, "ada", NOW).await).unwrap_err();
    let before = granted(store.count(TEN, "ada", at - MILLI).await);
    assert_eq!(before, Err(at));
    let then = granted(store.count(TEN, "ada", at).await);
    assert_eq!(then, Ok(()));
}

#[tokio::test]
async fn several_are_counted_together_or_not_at_all() {
    let store = Scratch::new().await;
    let answers = at_once(20, async |_| {
        granted(store.count_many(TEN, "ada", 4, NOW).await)
    })
    .await;
    assert_eq!(yes(&answers), 2);
    let rest = granted(store.count_many(TEN, "ada", 2, NOW).await);
    assert_eq!(rest, Ok(()));
    let more = granted(store.count(TEN, "ada", NOW).await);
    assert!(more.is_err());
}

#[tokio::test]
async fn a_refund_never_goes_below_zero() {
    let store = Scratch::new().await;
    store.uncount(TEN, "ada", NOW).await.unwrap();
    granted(store.count_many(TEN, "ada", 10, NOW).await).unwrap();
    at_once(3, async |_| store.uncount(TEN, "ada", NOW).await.unwrap()).await;
    let answers = at_once(10, async |_| granted(store.count(TEN, "ada", NOW).await)).await;
    assert_eq!(yes(&answers), 3);
    at_once(15, async |_| store.uncount(TEN, "ada", NOW).await.unwrap()).await;
    let answers = at_once(20, async |_| granted(store.count(TEN, "ada", NOW).await)).await;
    assert_eq!(yes(&answers), 10);
}

#[tokio::test]
async fn a_window_that_ended_still_counts_for_the_part_that_is_looked_at() {
    let store = Scratch::new().await;
    granted(store.count_many(TEN, "ada", 10, NOW).await).unwrap();
    let half = NOW + Duration::from_secs(90);
    let answers = at_once(20, async |_| granted(store.count(TEN, "ada", half).await)).await;
    assert_eq!(yes(&answers), 5);
}

#[tokio::test]
async fn keys_and_quotas_are_counted_apart() {
    let store = Scratch::new().await;
    let other = Quota {
        name: "other",
        ..TEN
    };
    for (quota, key) in [(TEN, "ada"), (TEN, "bob"), (other, "ada")] {
        let all = granted(store.count_many(quota, key, 10, NOW).await);
        assert_eq!(all, Ok(()), "{} {key}", quota.name);
    }
}

#[tokio::test]
async fn of_sixty_at_once_a_rate_lets_its_burst_through() {
    let store = Scratch::new().await;
    let answers = at_once(60, async |_| granted(store.pace(STEADY, "ada", NOW).await)).await;
    assert_eq!(yes(&answers), 15);
    let other = granted(store.pace(STEADY, "bob", NOW).await);
    assert_eq!(other, Ok(()));
}

#[tokio::test]
async fn after_its_burst_a_rate_lets_one_through_in_each_interval() {
    let store = Scratch::new().await;
    at_once(15, async |_| granted(store.pace(STEADY, "ada", NOW).await)).await;
    let granted_at = granted(store.pace(STEADY, "ada", NOW).await);
    assert_eq!(granted_at, Err(NOW + STEADY.interval));
    for turn in 1..=3 {
        let now = NOW + turn * STEADY.interval;
        let answers = at_once(5, async |_| granted(store.pace(STEADY, "ada", now).await)).await;
        assert_eq!(yes(&answers), 1, "in interval {turn}");
    }
}

#[tokio::test]
async fn a_rate_that_rested_has_its_burst_again_and_no_more() {
    let store = Scratch::new().await;
    at_once(15, async |_| granted(store.pace(STEADY, "ada", NOW).await)).await;
    let later = NOW + 100 * STEADY.interval;
    let answers = at_once(30, async |_| {
        granted(store.pace(STEADY, "ada", later).await)
    })
    .await;
    assert_eq!(yes(&answers), 15);
}
