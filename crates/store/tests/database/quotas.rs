//! Quotas and steady rates: any number at once take no more than there is.

use domain::limits::{Quota, Rate};
use domain::time::MINUTE;
use store::limits::Allowed;

use crate::scratch::{NOW, Scratch, at_once};

const TEN: Quota = Quota {
    name: "ten",
    count: 10,
    window: MINUTE,
};

const STEADY: Rate = Rate {
    name: "steady",
    interval: 50,
    burst: 15,
};

fn yes(answers: &[Allowed]) -> usize {
    answers.iter().filter(|one| **one == Allowed::Yes).count()
}

#[tokio::test]
async fn of_fifty_at_once_a_quota_of_ten_lets_ten_through() {
    let store = Scratch::new().await;
    let answers = at_once(50, async |_| store.count(TEN, "ada", NOW).await.unwrap()).await;
    assert_eq!(yes(&answers), 10);
}

#[tokio::test]
async fn what_is_refused_is_allowed_at_the_time_that_was_told() {
    let store = Scratch::new().await;
    let all = store.count_many(TEN, "ada", 10, NOW).await.unwrap();
    assert_eq!(all, Allowed::Yes);
    let Allowed::Until(at) = store.count(TEN, "ada", NOW).await.unwrap() else {
        panic!("nothing was left");
    };
    let before = store.count(TEN, "ada", at - 1).await.unwrap();
    assert_eq!(before, Allowed::Until(at));
    let then = store.count(TEN, "ada", at).await.unwrap();
    assert_eq!(then, Allowed::Yes);
}

#[tokio::test]
async fn several_are_counted_together_or_not_at_all() {
    let store = Scratch::new().await;
    let answers = at_once(20, async |_| {
        store.count_many(TEN, "ada", 4, NOW).await.unwrap()
    })
    .await;
    assert_eq!(yes(&answers), 2);
    let rest = store.count_many(TEN, "ada", 2, NOW).await.unwrap();
    assert_eq!(rest, Allowed::Yes);
    let more = store.count(TEN, "ada", NOW).await.unwrap();
    assert!(matches!(more, Allowed::Until(_)));
}

#[tokio::test]
async fn what_did_not_happen_is_taken_back_and_never_below_nothing() {
    let store = Scratch::new().await;
    store.uncount(TEN, "ada", NOW).await.unwrap();
    store.count_many(TEN, "ada", 10, NOW).await.unwrap();
    at_once(3, async |_| store.uncount(TEN, "ada", NOW).await.unwrap()).await;
    let answers = at_once(10, async |_| store.count(TEN, "ada", NOW).await.unwrap()).await;
    assert_eq!(yes(&answers), 3);
    at_once(15, async |_| store.uncount(TEN, "ada", NOW).await.unwrap()).await;
    let answers = at_once(20, async |_| store.count(TEN, "ada", NOW).await.unwrap()).await;
    assert_eq!(yes(&answers), 10);
}

#[tokio::test]
async fn a_window_that_ended_still_counts_for_the_part_that_is_looked_at() {
    let store = Scratch::new().await;
    store.count_many(TEN, "ada", 10, NOW).await.unwrap();
    let half = NOW + MINUTE + MINUTE / 2;
    let answers = at_once(20, async |_| store.count(TEN, "ada", half).await.unwrap()).await;
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
        let all = store.count_many(quota, key, 10, NOW).await.unwrap();
        assert_eq!(all, Allowed::Yes, "{} {key}", quota.name);
    }
}

#[tokio::test]
async fn of_sixty_at_once_a_rate_lets_its_burst_through() {
    let store = Scratch::new().await;
    let answers = at_once(60, async |_| store.pace(STEADY, "ada", NOW).await.unwrap()).await;
    assert_eq!(yes(&answers), 15);
    let other = store.pace(STEADY, "bob", NOW).await.unwrap();
    assert_eq!(other, Allowed::Yes);
}

#[tokio::test]
async fn after_its_burst_a_rate_lets_one_through_in_each_interval() {
    let store = Scratch::new().await;
    at_once(15, async |_| store.pace(STEADY, "ada", NOW).await.unwrap()).await;
    let told = store.pace(STEADY, "ada", NOW).await.unwrap();
    assert_eq!(told, Allowed::Until(NOW + STEADY.interval));
    for turn in 1..=3 {
        let now = NOW + turn * STEADY.interval;
        let answers = at_once(5, async |_| store.pace(STEADY, "ada", now).await.unwrap()).await;
        assert_eq!(yes(&answers), 1, "in interval {turn}");
    }
}

#[tokio::test]
async fn a_rate_that_rested_has_its_burst_again_and_no_more() {
    let store = Scratch::new().await;
    at_once(15, async |_| store.pace(STEADY, "ada", NOW).await.unwrap()).await;
    let later = NOW + 100 * STEADY.interval;
    let answers = at_once(30, async |_| {
        store.pace(STEADY, "ada", later).await.unwrap()
    })
    .await;
    assert_eq!(yes(&answers), 15);
}
