//! Guessing is limited without locking out the account's owner.

use std::sync::Arc;

use chat_client::Timestamp;
use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::until_time;
use futures_util::future::join_all;

pub fn tests() -> Vec<Test> {
    let mut tests = e2e::tests![
        item_04_of_twenty_wrong_codes_in_parallel_five_are_compared,
        item_07_a_delayed_owner_stays_signed_in_and_can_reset_the_password,
        parallel_guesses_are_counted_like_sequential_ones,
        item_08_anonymous_requests_cannot_use_up_the_codes_of_an_address,
        item_07_wrong_codes_of_a_registration_do_not_delay_its_address,
        item_25_a_rotated_refresh_token_is_accepted_for_30_s,
        a_password_containing_the_address_is_refused_and_costs_no_attempt,
    ];
    tests.extend(
        e2e::tests![a_code_refused_without_comparison_costs_no_attempt]
            .into_iter()
            .map(Test::patient),
    );
    tests
}

/// A visitor at another source who names the address of `visitor`.
fn attacker_of(stack: &Arc<Stack>, visitor: &Visitor) -> Visitor {
    let mut eve = Visitor::new(stack, "Eve");
    eve.email.clone_from(&visitor.email);
    eve
}

async fn item_04_of_twenty_wrong_codes_in_parallel_five_are_compared(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let challenge = ann.register().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let wrong = Visitor::wrong_code(&code);
    let mut left = Vec::new();
    for response in join_all((0..20).map(|_| ann.verify(&challenge, &wrong))).await {
        match response.status.as_u16() {
            401 => left.push(response.refused(401, "wrong_code").number("/attempts_left")),
            _ => drop(response.refused(410, "expired")),
        }
    }
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4]);
    ann.verify(&challenge, &code).await.refused(410, "expired");
}

async fn item_07_a_delayed_owner_stays_signed_in_and_can_reset_the_password(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let eve = attacker_of(&stack, &ann);
    for _ in 0..6 {
        eve.login().await.refused(401, "wrong_credentials");
    }
    ann.login().await.too_fast();
    assert!(ann.is_signed_in().await, "the session continues");
    let challenge = ann.forgot_password().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let new = "entirely other violet lanterns";
    let response = ann.reset_password(&challenge, &code, new).await;
    response.expect(204);
    let ann = ann.with_password(new);
    ann.sign_in().await;
    ann.login().await.expect(200);
}

async fn parallel_guesses_are_counted_like_sequential_ones(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let wrong = ann.with_password("nothing that she ever typed");
    let mut compared = 0;
    for response in join_all((0..20).map(|_| wrong.login())).await {
        match response.status.as_u16() {
            401 => compared += 1,
            _ => drop(response.too_fast()),
        }
    }
    assert_eq!(
        compared, 6,
        "five without a wait, and the one that starts it"
    );
    ann.login().await.too_fast();
}

async fn item_08_anonymous_requests_cannot_use_up_the_codes_of_an_address(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    for _ in 0..2 {
        // From two addresses.
        let eve = attacker_of(&stack, &ann);
        for _ in 0..4 {
            eve.register().await.expect(202);
            eve.forgot_password().await.expect(202);
        }
    }
    // Five notices and five codes of resets were sent; four more are left for
    // sign-ins, beside that of the registration.
    for _ in 0..4 {
        ann.login().await.expect(200);
    }
    ann.login().await.too_fast();
    Visitor::new(&stack, "Bob").sign_up().await;
    for _ in 0..9 {
        ann.code().await;
    }
    let mails = stack.inbox.to(&ann.email).await;
    let (codes, notices): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| mail.code().is_some());
    assert_eq!((codes.len(), notices.len()), (10, 5), "{mails:?}");
}

async fn item_07_wrong_codes_of_a_registration_do_not_delay_its_address(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let eve = attacker_of(&stack, &ann);
    let mut wrong = 0;
    for _ in 0..2 {
        let challenge = eve.register().await.expect(202).text("/challenge");
        for _ in 0..5 {
            let response = eve.verify(&challenge, "00000000").await;
            wrong += usize::from(response.status == 401);
        }
    }
    assert_eq!(wrong, 6);
    let challenge = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    ann.verify(&challenge, &code).await.expect(200);
}

async fn item_25_a_rotated_refresh_token_is_accepted_for_30_s(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let second = ann.refresh(&ann.cookie).await.expect(200).refresh_cookie();
    let third = ann.refresh(&second).await.expect(200).refresh_cookie();
    for late in [&ann.cookie, &second] {
        let response = ann.refresh(late).await.expect(200);
        assert_eq!(response.refresh_cookie(), third);
    }
    ann.refresh(&third).await.expect(200);
}

async fn a_password_containing_the_address_is_refused_and_costs_no_attempt(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let challenge = ann.forgot_password().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let saying = format!("{0}{0}", ann.email);
    let neighbour = Visitor::new(&stack, "Bob").with_password(&saying);
    neighbour.register().await.expect(202);
    for _ in 0..6 {
        let response = ann.reset_password(&challenge, &code, &saying).await;
        response.invalid("password");
    }
    assert!(ann.is_signed_in().await, "nothing has changed");
    let good = "entirely other violet lanterns";
    let response = ann.reset_password(&challenge, &code, good).await;
    response.expect(204);
}

async fn a_code_refused_without_comparison_costs_no_attempt(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let first = ann.login().await.expect(200).text("/challenge");
    let wrong = Visitor::wrong_code(&ann.code().await);
    for _ in 0..5 {
        let response = ann.verify(&first, &wrong).await;
        response.refused(401, "wrong_code");
    }
    let second = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    let response = ann.verify(&second, &Visitor::wrong_code(&code)).await;
    response.refused(401, "wrong_code");
    let mut retry_at = Timestamp::EPOCH;
    for _ in 0..6 {
        let response = ann.verify(&second, &code).await.too_fast();
        retry_at = response.time("/retry_at");
    }
    until_time(retry_at).await;
    ann.verify(&second, &code).await.expect(200);
}
