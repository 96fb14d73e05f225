//! Resending a code.

use std::sync::Arc;

use e2e::people::{Client, Response, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::until_time;
use futures_util::future::join_all;
use serde_json::json;

pub fn tests() -> Vec<Test> {
    let mut tests = e2e::tests![item_08_a_resend_before_its_time_is_too_fast];
    tests.extend(
        e2e::tests![
            item_05_a_resend_does_not_forget_the_wrong_codes_before_it,
            item_08_codes_of_an_address_are_limited_over_all_sources,
            item_09_a_resend_makes_a_new_code_and_voids_the_old_one,
        ]
        .into_iter()
        .map(Test::patient),
    );
    tests
}

async fn resend(visitor: &Visitor, challenge: &Response) -> Response {
    let body = json!({"challenge": challenge.text("/challenge")});
    visitor.client.post("/api/resend-otp", body).await
}

async fn item_08_a_resend_before_its_time_is_too_fast(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let challenge = ann.register().await.expect(202);
    let response = resend(&ann, &challenge).await.too_fast();
    let difference = response.number("/retry_at") - challenge.number("/resend_at");
    assert!(
        difference.abs() <= 1_000,
        "retry_at is resend_at: {difference} ms"
    );
    let code = ann.code().await;
    let challenge = challenge.text("/challenge");
    ann.verify(&challenge, &code).await.expect(200);
}

/// Three wrong codes, a resend, and twenty more in parallel: the sixth failure in
/// a row starts a wait, so three of the twenty are compared.
async fn item_05_a_resend_does_not_forget_the_wrong_codes_before_it(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let first = ann.login().await.expect(200);
    let wrong = Visitor::wrong_code(&ann.code().await);
    for _ in 0..3 {
        let response = ann.verify(&first.text("/challenge"), &wrong).await;
        response.refused(401, "wrong_code");
    }
    until_time(first.time("/resend_at")).await;
    let second = resend(&ann, &first).await.expect(202).text("/challenge");
    let code = ann.code().await;
    let wrong = Visitor::wrong_code(&code);
    let mut compared = 0;
    for response in join_all((0..20).map(|_| ann.verify(&second, &wrong))).await {
        match response.status.as_u16() {
            401 => compared += 1,
            410 => drop(response.refused(410, "expired")),
            _ => drop(response.too_fast()),
        }
    }
    assert_eq!(compared, 3);
    ann.verify(&second, &code).await.too_fast();
}

/// Six challenges of one address, requested from six sources that are each below
/// their own limit.
async fn item_08_codes_of_an_address_are_limited_over_all_sources(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let asked = join_all((0..6).map(|_| async {
        let mut asking = ann.clone();
        asking.client = Client::new(&stack, stack.next_person().1);
        let challenge = asking.register().await.expect(202);
        (asking, challenge)
    }))
    .await;
    for (_, challenge) in &asked {
        until_time(challenge.time("/resend_at")).await;
    }
    let mut granted = 0;
    for (asking, challenge) in &asked {
        let response = resend(asking, challenge).await;
        match response.status.as_u16() {
            202 => granted += 1,
            _ => drop(response.too_fast()),
        }
    }
    // Five registrations and one resend send a code. The challenge of the sixth
    // registration, which sent none, is counted apart and responds like the first.
    assert_eq!(granted, 2);
}

async fn item_09_a_resend_makes_a_new_code_and_voids_the_old_one(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let first = ann.register().await.expect(202);
    let old = first.text("/challenge");
    let old_code = ann.code().await;
    until_time(first.time("/resend_at")).await;

    let second = resend(&ann, &first).await.expect(202);
    assert_eq!(second.fields(), ["challenge", "expires_at", "resend_at"]);
    let new = second.text("/challenge");
    assert_ne!(new, old);
    ann.verify(&old, &old_code).await.refused(410, "expired");
    resend(&ann, &first).await.refused(410, "expired");

    let code = ann.code().await;
    assert_ne!(code, old_code);
    ann.verify(&new, &old_code).await.refused(401, "wrong_code");
    let response = ann.verify(&new, &code).await.expect(200);
    assert_eq!(response.text("/user/name"), "Ann");
}
