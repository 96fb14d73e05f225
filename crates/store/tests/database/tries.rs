//! Wrong passwords and codes in a row: counted before they are compared.

use std::time::Duration;

use domain::limits::{FAILURES_UNTIL_DISABLED, wait_after};
use store::Store;

use crate::scratch::{MILLI, NOW, Scratch, at_once, granted};

/// Uses up those that begin no wait, and the one that begins the first.
async fn six(store: &Store) {
    for number in 1..=6 {
        let tried = granted(store.count_failure("ada", NOW).await);
        assert_eq!(tried, Ok(number));
    }
}

#[tokio::test]
async fn of_twenty_tries_at_once_six_are_compared_each_with_a_number_of_its_own() {
    let store = Scratch::new().await;
    let tried = at_once(20, async |_| granted(store.count_failure("ada", NOW).await)).await;
    let mut numbers = Vec::new();
    for one in tried {
        match one {
            Ok(number) => numbers.push(number),
            Err(at) => assert_eq!(at, NOW + wait_after(6)),
        }
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn item_06_after_a_wait_one_more_is_compared_and_the_next_wait_is_longer() {
    let store = Scratch::new().await;
    six(&store).await;
    let first = NOW + wait_after(6);
    let early = granted(store.count_failure("ada", first - MILLI).await);
    assert_eq!(early, Err(first));
    let tried = at_once(20, async |_| {
        granted(store.count_failure("ada", first).await)
    })
    .await;
    let compared = tried.iter().filter(|one| **one == Ok(7)).count();
    assert_eq!(compared, 1);
    let second = first + wait_after(7);
    let others = tried.iter().filter(|one| **one == Err(second));
    assert_eq!(others.count(), 19);
}

#[tokio::test]
async fn the_latest_try_that_was_right_takes_its_wait_with_it() {
    let store = Scratch::new().await;
    six(&store).await;
    store.uncount_failure("ada", 6).await.unwrap();
    assert_eq!(granted(store.count_failure("ada", NOW).await), Ok(6));
}

#[tokio::test]
async fn an_earlier_try_that_was_right_leaves_the_wait_of_a_later_one() {
    let store = Scratch::new().await;
    six(&store).await;
    store.uncount_failure("ada", 3).await.unwrap();
    let at = NOW + wait_after(6);
    assert_eq!(granted(store.count_failure("ada", NOW).await), Err(at));
    // Five are left of the six, so this is the sixth once more.
    assert_eq!(granted(store.count_failure("ada", at).await), Ok(6));
}

#[tokio::test]
async fn a_success_clears_the_failures() {
    let store = Scratch::new().await;
    six(&store).await;
    granted(store.count_failure("bob", NOW).await).unwrap();
    store.clear_failures(&["ada", "unknown"]).await.unwrap();
    assert_eq!(granted(store.count_failure("ada", NOW).await), Ok(1));
    assert_eq!(granted(store.count_failure("bob", NOW).await), Ok(2));
    // What was returned for nothing makes nothing.
    store.uncount_failure("unknown", 1).await.unwrap();
    assert_eq!(granted(store.count_failure("unknown", NOW).await), Ok(1));
}

#[tokio::test]
async fn item_06_a_hundred_in_a_row_disable_codes_until_they_are_forgiven() {
    let store = Scratch::new().await;
    assert!(!store.is_disabled("ada").await.unwrap());
    for number in 1..=FAILURES_UNTIL_DISABLED {
        assert!(!store.is_disabled("ada").await.unwrap(), "before {number}");
        let now = NOW + number * Duration::from_hours(1);
        let tried = granted(store.count_failure("ada", now).await);
        assert_eq!(tried, Ok(number));
    }
    assert!(store.is_disabled("ada").await.unwrap());
    store.clear_failures(&["ada"]).await.unwrap();
    assert!(!store.is_disabled("ada").await.unwrap());
}
