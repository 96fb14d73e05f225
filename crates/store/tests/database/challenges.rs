//! Codes that wait for an answer: so many tries, one success.

use std::time::Duration;

use domain::limits::{CODE_LIFETIME, CODE_TRIES, RESEND_WAIT};
use domain::{Purpose, Timestamp};
use store::Store;
use store::challenges::{Challenge, Registration};

use crate::scratch::{MILLI, NOW, Scratch, at_once, granted};

const ALL: [Purpose; 3] = [Purpose::Register, Purpose::Login, Purpose::Reset];

fn challenge(id: &str) -> Challenge {
    Challenge::new(
        id.into(),
        Purpose::Login,
        "ada@example.org".into(),
        vec![0, 7, 255],
        NOW + CODE_LIFETIME,
        NOW + RESEND_WAIT,
    )
}

async fn with_one() -> Scratch {
    let store = Scratch::new().await;
    store.insert_challenge(&challenge("c")).await.unwrap();
    store
}

async fn tries_left(store: &Store, now: Timestamp) -> Option<u32> {
    let taken = store.take_try("c", &ALL, now).await.unwrap();
    taken.map(|challenge| challenge.tries_left)
}

#[tokio::test]
async fn item_04_of_twenty_answers_at_once_five_are_compared() {
    let store = with_one().await;
    let taken = at_once(20, async |_| tries_left(&store, NOW).await).await;
    let mut taken: Vec<u32> = taken.into_iter().flatten().collect();
    taken.sort_unstable();
    assert_eq!(taken, (0..CODE_TRIES).collect::<Vec<_>>());
    assert_eq!(tries_left(&store, NOW).await, None);
}

#[tokio::test]
async fn item_03_of_twenty_right_answers_at_once_one_claims_the_challenge() {
    let store = with_one().await;
    let claimed = at_once(20, async |_| store.claim_challenge("c").await.unwrap()).await;
    assert_eq!(claimed.iter().filter(|won| **won).count(), 1);
    assert_eq!(tries_left(&store, NOW).await, None);
}

#[tokio::test]
async fn item_10_a_challenge_takes_no_answer_of_another_purpose() {
    let store = with_one().await;
    let others = [Purpose::Register, Purpose::Reset];
    assert!(store.take_try("c", &others, NOW).await.unwrap().is_none());
    assert!(store.take_try("c", &[], NOW).await.unwrap().is_none());
    assert!(store.take_try("d", &ALL, NOW).await.unwrap().is_none());
    assert_eq!(tries_left(&store, NOW).await, Some(CODE_TRIES - 1));
}

#[tokio::test]
async fn item_02_five_minutes_later_no_answer_is_taken_though_the_challenge_is_still_kept() {
    assert!(CODE_LIFETIME <= Duration::from_mins(5));
    let store = with_one().await;
    assert_eq!(tries_left(&store, NOW + CODE_LIFETIME).await, None);
    assert_eq!(
        tries_left(&store, NOW + CODE_LIFETIME - MILLI).await,
        Some(CODE_TRIES - 1)
    );
}

#[tokio::test]
async fn a_try_that_is_given_back_counts_again_unless_the_challenge_ended() {
    let store = with_one().await;
    assert_eq!(tries_left(&store, NOW).await, Some(4));
    store.give_try_back("c").await.unwrap();
    assert_eq!(tries_left(&store, NOW).await, Some(4));
    assert!(store.claim_challenge("c").await.unwrap());
    store.give_try_back("c").await.unwrap();
    assert_eq!(tries_left(&store, NOW).await, None);
}

#[tokio::test]
async fn a_challenge_is_kept_as_it_was_made() {
    let store = Scratch::new().await;
    let mut made = challenge("c");
    made.registration = Some(Registration {
        name: "Ada".into(),
        password: "a hash".into(),
    });
    store.insert_challenge(&made).await.unwrap();
    let kept = store.take_try("c", &ALL, NOW).await.unwrap().unwrap();
    assert_eq!(kept.code_hash(), [0, 7, 255]);
    assert_eq!(
        (kept.purpose, kept.email.as_str()),
        (Purpose::Login, "ada@example.org")
    );
    assert_eq!(
        (kept.expires_at, kept.resend_at),
        (made.expires_at, made.resend_at)
    );
    assert_eq!(kept.user, None);
    assert_eq!(kept.registration.unwrap().name, "Ada");
}

#[tokio::test]
async fn of_twenty_resends_at_once_one_is_granted() {
    let store = with_one().await;
    let due = NOW + RESEND_WAIT;
    let next = due + RESEND_WAIT;
    let asked = at_once(20, async |_| {
        granted(store.grant_resend("c", due, next).await)
    })
    .await;
    let mut count = 0;
    for resend in asked {
        match resend {
            Ok(challenge) => {
                assert!(challenge.is_some(), "it was there");
                count += 1;
            }
            Err(at) => assert_eq!(at, next),
        }
    }
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_resend_waits_for_its_time_and_can_be_given_back() {
    let store = with_one().await;
    let due = NOW + RESEND_WAIT;
    let next = due + RESEND_WAIT;
    let early = granted(store.grant_resend("c", due - MILLI, next).await);
    assert!(matches!(early, Err(at) if at == due));
    let Ok(Some(replaced)) = granted(store.grant_resend("c", due, next).await) else {
        panic!("it was due");
    };
    assert_eq!(replaced.resend_at, due);
    store.return_resend(&replaced).await.unwrap();
    let again = granted(store.grant_resend("c", due, next).await);
    assert!(matches!(again, Ok(Some(_))));
}

#[tokio::test]
async fn a_challenge_that_ended_or_never_was_is_not_replaced() {
    let store = with_one().await;
    let late = NOW + CODE_LIFETIME;
    for (id, now) in [("c", late), ("d", NOW)] {
        let resend = granted(store.grant_resend(id, now, now + RESEND_WAIT).await);
        assert!(matches!(resend, Ok(None)), "{id}");
    }
}
