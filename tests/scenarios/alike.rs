//! What an address is told that has an account, beside one that has none: the
//! same, and after the same time.

use std::sync::Arc;

use e2e::harness::Test;
use e2e::people::{Answer, Visitor};
use e2e::stack::Stack;
use e2e::timing;
use e2e::wait::for_the_time;
use serde_json::{Value, json};

/// Addresses of each kind whose times are taken, three times each.
const ADDRESSES: usize = 6;
/// The distance beyond which two sets of times are told apart. With eighteen of
/// each, two equal ones come so far apart once in a hundred thousand; a hash that
/// one of them leaves out brings them to 1.
const TOLD_APART: f64 = 0.8;

pub fn tests() -> Vec<Test> {
    let mut tests = e2e::tests![
        item_17_signing_in_and_its_codes_are_answered_alike,
        item_17_a_registration_and_its_codes_are_answered_alike,
        item_17_a_forgotten_password_and_its_codes_are_answered_alike,
    ];
    tests.extend(
        e2e::tests![
            item_17_a_resend_is_answered_alike,
            item_18_known_and_unknown_addresses_are_answered_in_the_same_time,
        ]
        .into_iter()
        .map(Test::patient),
    );
    tests
}

/// Somebody with an account, and somebody without.
async fn known_and_stranger(stack: &Arc<Stack>) -> (Visitor, Visitor) {
    let known = Visitor::new(stack, "Ann");
    known.sign_up().await;
    (known, Visitor::new(stack, "Bob"))
}

/// Status, headers and body are the same, but for ids, which are of one length,
/// and times, which are those of the two requests.
#[track_caller]
fn assert_alike(to_known: &Answer, to_stranger: &Answer) {
    assert_eq!(to_known.looks(), to_stranger.looks());
    assert_eq!(told(to_known), told(to_stranger));
    for time in ["expires_at", "resend_at", "retry_at"] {
        let at = |answer: &Answer| answer.body[time].as_i64().unwrap_or_default();
        let apart = at(to_known) - at(to_stranger);
        assert!(apart.abs() < 20_000, "{time}: {apart} ms");
    }
}

fn told(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    for (name, value) in body.as_object_mut().into_iter().flatten() {
        match name.as_str() {
            "challenge" => *value = json!(value.as_str().map(str::len)),
            "expires_at" | "resend_at" | "retry_at" => *value = json!(value.is_i64()),
            _ => {}
        }
    }
    body
}

async fn item_17_signing_in_and_its_codes_are_answered_alike(stack: Arc<Stack>) {
    let (known, stranger) = known_and_stranger(&stack).await;
    let wrong = known.with_password("nothing that she ever typed");
    for _ in 0..6 {
        let to_known = wrong.login().await.refused(401, "wrong_credentials");
        let to_stranger = stranger.login().await.refused(401, "wrong_credentials");
        assert_alike(&to_known, &to_stranger);
    }
    let (to_known, to_stranger) = (wrong.login().await, stranger.login().await);
    assert_alike(&to_known.too_fast(), &to_stranger.too_fast());
}

async fn item_17_a_registration_and_its_codes_are_answered_alike(stack: Arc<Stack>) {
    let (known, stranger) = known_and_stranger(&stack).await;
    let to_known = known.register().await.expect(202);
    let to_stranger = stranger.register().await.expect(202);
    assert_alike(&to_known, &to_stranger);
    let challenges = [&to_known, &to_stranger].map(|answer| answer.text("/challenge"));
    for _ in 0..6 {
        let (to_known, to_stranger) = tokio::join!(
            known.verify(&challenges[0], "00000000"),
            stranger.verify(&challenges[1], "00000000")
        );
        assert_alike(&to_known, &to_stranger);
    }
    let is_notice = |mail: &e2e::people::Mail| mail.code().is_none();
    stack.inbox.mail(&known.email, "a notice", is_notice).await;
    stranger.code().await;
}

async fn item_17_a_forgotten_password_and_its_codes_are_answered_alike(stack: Arc<Stack>) {
    let (known, stranger) = known_and_stranger(&stack).await;
    let to_known = known.forgot_password().await.expect(202);
    let to_stranger = stranger.forgot_password().await.expect(202);
    assert_alike(&to_known, &to_stranger);
    known.code().await;
    let new = "entirely other violet lanterns";
    let challenges = [&to_known, &to_stranger].map(|answer| answer.text("/challenge"));
    for _ in 0..6 {
        let (to_known, to_stranger) = tokio::join!(
            known.reset_password(&challenges[0], "00000000", new),
            stranger.reset_password(&challenges[1], "00000000", new)
        );
        assert_alike(&to_known, &to_stranger);
    }
    assert!(stack.inbox.to(&stranger.email).await.is_empty());
}

async fn item_17_a_resend_is_answered_alike(stack: Arc<Stack>) {
    let (known, stranger) = known_and_stranger(&stack).await;
    let again = async |visitor: &Visitor, answer: &Answer| {
        let body = json!({"challenge": answer.text("/challenge")});
        visitor.client.post("/api/resend-otp", body).await
    };
    let mut asked = Vec::new();
    for purpose in ["register", "forgot"] {
        let ask = async |visitor: &Visitor| match purpose {
            "register" => visitor.register().await.expect(202),
            _ => visitor.forgot_password().await.expect(202),
        };
        let (to_known, to_stranger) = (ask(&known).await, ask(&stranger).await);
        let early = (
            again(&known, &to_known).await.too_fast(),
            again(&stranger, &to_stranger).await.too_fast(),
        );
        assert_alike(&early.0, &early.1);
        asked.push((to_known, to_stranger));
    }
    for (to_known, to_stranger) in asked {
        for_the_time(to_known.time("/resend_at")).await;
        for_the_time(to_stranger.time("/resend_at")).await;
        let known_again = again(&known, &to_known).await.expect(202);
        let stranger_again = again(&stranger, &to_stranger).await.expect(202);
        assert_alike(&known_again, &stranger_again);
        let void = again(&known, &to_known).await.refused(410, "expired");
        let other = again(&stranger, &to_stranger).await.refused(410, "expired");
        assert_alike(&void, &other);
    }
}

async fn item_18_known_and_unknown_addresses_are_answered_in_the_same_time(stack: Arc<Stack>) {
    for compared in timing::compare(&stack, ADDRESSES).await {
        let apart = compared.known.apart(&compared.unknown);
        assert!(apart.distance < TOLD_APART, "{compared}");
    }
}
