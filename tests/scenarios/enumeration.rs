//! Account enumeration: a request that names a registered address and one that
//! names an unknown address get the same response after the same time.

use std::sync::Arc;

use e2e::people::{Response, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::timing;
use e2e::wait::until_time;
use serde_json::{Value, json};

/// Addresses of each kind; each is timed three times.
const ADDRESSES: usize = 6;
/// The Kolmogorov-Smirnov distance that counts as a measurable difference. With
/// eighteen samples each, two equal distributions exceed it once in 100,000 runs;
/// leaving out a password hash brings the distance to 1.
const DISTINGUISHABLE: f64 = 0.8;

pub fn tests() -> Vec<Test> {
    let mut tests = e2e::tests![
        item_17_login_does_not_reveal_accounts,
        item_17_registration_does_not_reveal_accounts,
        item_17_forgot_password_does_not_reveal_accounts,
    ];
    tests.extend(
        e2e::tests![
            item_17_resending_does_not_reveal_accounts,
            item_18_response_times_do_not_reveal_accounts,
        ]
        .into_iter()
        .map(Test::patient),
    );
    tests
}

async fn known_and_unknown(stack: &Arc<Stack>) -> (Visitor, Visitor) {
    let known = Visitor::new(stack, "Ann");
    known.sign_up().await;
    (known, Visitor::new(stack, "Bob"))
}

/// Status, headers and body are equal, except that ids only have the same length
/// and times lie within 20 s of each other.
#[track_caller]
fn assert_same_response(to_known: &Response, to_unknown: &Response) {
    assert_eq!(to_known.fingerprint(), to_unknown.fingerprint());
    assert_eq!(comparable(to_known), comparable(to_unknown));
    for time in ["expires_at", "resend_at", "retry_at"] {
        let at = |response: &Response| response.body[time].as_i64().unwrap_or_default();
        let difference = at(to_known) - at(to_unknown);
        assert!(difference.abs() < 20_000, "{time}: {difference} ms");
    }
}

fn comparable(response: &Response) -> Value {
    let mut body = response.body.clone();
    for (name, value) in body.as_object_mut().into_iter().flatten() {
        match name.as_str() {
            "challenge" => *value = json!(value.as_str().map(str::len)),
            "expires_at" | "resend_at" | "retry_at" => *value = json!(value.is_i64()),
            _ => {}
        }
    }
    body
}

async fn item_17_login_does_not_reveal_accounts(stack: Arc<Stack>) {
    let (known, unknown) = known_and_unknown(&stack).await;
    let wrong = known.with_password("nothing that she ever typed");
    for _ in 0..6 {
        let to_known = wrong.login().await.refused(401, "wrong_credentials");
        let to_unknown = unknown.login().await.refused(401, "wrong_credentials");
        assert_same_response(&to_known, &to_unknown);
    }
    let (to_known, to_unknown) = (wrong.login().await, unknown.login().await);
    assert_same_response(&to_known.too_fast(), &to_unknown.too_fast());
}

async fn item_17_registration_does_not_reveal_accounts(stack: Arc<Stack>) {
    let (known, unknown) = known_and_unknown(&stack).await;
    let to_known = known.register().await.expect(202);
    let to_unknown = unknown.register().await.expect(202);
    assert_same_response(&to_known, &to_unknown);
    let challenges = [&to_known, &to_unknown].map(|response| response.text("/challenge"));
    for _ in 0..6 {
        let (to_known, to_unknown) = tokio::join!(
            known.verify(&challenges[0], "00000000"),
            unknown.verify(&challenges[1], "00000000")
        );
        assert_same_response(&to_known, &to_unknown);
    }
    let is_notice = |mail: &e2e::people::Mail| mail.code().is_none();
    stack.inbox.mail(&known.email, "a notice", is_notice).await;
    unknown.code().await;
}

async fn item_17_forgot_password_does_not_reveal_accounts(stack: Arc<Stack>) {
    let (known, unknown) = known_and_unknown(&stack).await;
    let to_known = known.forgot_password().await.expect(202);
    let to_unknown = unknown.forgot_password().await.expect(202);
    assert_same_response(&to_known, &to_unknown);
    known.code().await;
    let new = "entirely other violet lanterns";
    let challenges = [&to_known, &to_unknown].map(|response| response.text("/challenge"));
    for _ in 0..6 {
        let (to_known, to_unknown) = tokio::join!(
            known.reset_password(&challenges[0], "00000000", new),
            unknown.reset_password(&challenges[1], "00000000", new)
        );
        assert_same_response(&to_known, &to_unknown);
    }
    assert!(stack.inbox.to(&unknown.email).await.is_empty());
}

async fn item_17_resending_does_not_reveal_accounts(stack: Arc<Stack>) {
    let (known, unknown) = known_and_unknown(&stack).await;
    let again = async |visitor: &Visitor, response: &Response| {
        let body = json!({"challenge": response.text("/challenge")});
        visitor.client.post("/api/resend-otp", body).await
    };
    let mut asked = Vec::new();
    for purpose in ["register", "forgot"] {
        let ask = async |visitor: &Visitor| match purpose {
            "register" => visitor.register().await.expect(202),
            _ => visitor.forgot_password().await.expect(202),
        };
        let (to_known, to_unknown) = (ask(&known).await, ask(&unknown).await);
        let early = (
            again(&known, &to_known).await.too_fast(),
            again(&unknown, &to_unknown).await.too_fast(),
        );
        assert_same_response(&early.0, &early.1);
        asked.push((to_known, to_unknown));
    }
    for (to_known, to_unknown) in asked {
        until_time(to_known.time("/resend_at")).await;
        until_time(to_unknown.time("/resend_at")).await;
        let known_again = again(&known, &to_known).await.expect(202);
        let unknown_again = again(&unknown, &to_unknown).await.expect(202);
        assert_same_response(&known_again, &unknown_again);
        let void = again(&known, &to_known).await.refused(410, "expired");
        let other = again(&unknown, &to_unknown).await.refused(410, "expired");
        assert_same_response(&void, &other);
    }
}

async fn item_18_response_times_do_not_reveal_accounts(stack: Arc<Stack>) {
    for compared in timing::compare(&stack, ADDRESSES).await {
        let ks_test = compared.known.ks_test(&compared.unknown);
        assert!(ks_test.distance < DISTINGUISHABLE, "{compared}");
    }
}
