//! Mailed codes: attempts, races, resends and what they are bound to.

use std::sync::Arc;

use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use futures_util::future::join_all;
use serde_json::json;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        the_mail_has_the_code_on_a_line_of_its_own,
        item_04_attempts_left_counts_from_4_to_0_and_then_the_challenge_is_expired,
        item_03_twenty_correct_codes_in_parallel_sign_in_once,
        item_03_a_code_can_be_used_once,
        item_10_a_code_is_bound_to_its_challenge,
        item_10_codes_are_bound_to_their_purpose,
        an_unknown_challenge_is_expired,
        a_pasted_code_may_hold_spaces,
        item_05_a_new_challenge_does_not_forget_the_wrong_codes_before_it,
        ten_codes_an_hour_are_mailed_to_one_address_and_no_more,
        item_06_a_hundred_wrong_codes_delay_their_source_address,
    ]
}

async fn the_mail_has_the_code_on_a_line_of_its_own(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.register().await.expect(202);
    let code = ann.code().await;
    let mail = stack
        .inbox
        .mail(&ann.email, "the code", |mail| mail.code().is_some())
        .await;
    let like_a_code = mail
        .text
        .split(|character: char| !character.is_ascii_digit())
        .filter(|digits| digits.len() == 8)
        .count();
    assert_eq!(like_a_code, 1, "{}", mail.text);
    assert!(
        !mail.subject.contains(&code),
        "the subject contains the code"
    );
    let html = mail.html.unwrap_or_default();
    assert!(html.contains(&code), "the HTML part contains the code too");
}

async fn item_04_attempts_left_counts_from_4_to_0_and_then_the_challenge_is_expired(
    stack: Arc<Stack>,
) {
    let ann = Visitor::new(&stack, "Ann");
    let challenge = ann.register().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let wrong = Visitor::wrong_code(&code);
    for left in [4, 3, 2, 1, 0] {
        let response = ann.verify(&challenge, &wrong).await;
        let response = response.refused(401, "wrong_code");
        assert_eq!(response.number("/attempts_left"), left);
    }
    ann.verify(&challenge, &code).await.refused(410, "expired");
}

async fn item_03_twenty_correct_codes_in_parallel_sign_in_once(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let challenge = ann.register().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let tries = (0..20).map(|_| ann.verify(&challenge, &code));
    let mut right = 0;
    for response in join_all(tries).await {
        match response.status.as_u16() {
            200 => right += 1,
            _ => drop(response.refused(410, "expired")),
        }
    }
    assert_eq!(right, 1);
}

async fn item_03_a_code_can_be_used_once(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let challenge = ann.register().await.expect(202).text("/challenge");
    let code = ann.code().await;
    ann.verify(&challenge, &code).await.expect(200);
    ann.verify(&challenge, &code).await.refused(410, "expired");
}

async fn item_10_a_code_is_bound_to_its_challenge(stack: Arc<Stack>) {
    let (ann, bob) = (Visitor::new(&stack, "Ann"), Visitor::new(&stack, "Bob"));
    let challenge = ann.register().await.expect(202).text("/challenge");
    ann.code().await;
    bob.register().await.expect(202);
    let code = bob.code().await;
    let response = bob.verify(&challenge, &code).await;
    response.refused(401, "wrong_code");
}

async fn item_10_codes_are_bound_to_their_purpose(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let to_sign_in = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    let response = ann
        .reset_password(&to_sign_in, &code, "another set of violet lanterns")
        .await;
    response.refused(410, "expired");
    let to_reset = ann.forgot_password().await.expect(202).text("/challenge");
    let code = ann.code().await;
    ann.verify(&to_reset, &code).await.refused(410, "expired");
}

async fn an_unknown_challenge_is_expired(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    for challenge in ["nothing", "", "0123456789abcdef0123456789abcdef", "$ne"] {
        let response = ann.verify(challenge, "12345678").await;
        response.refused(410, "expired");
        let body = json!({"challenge": challenge});
        let response = ann.client.post("/api/resend-otp", body).await;
        response.refused(410, "expired");
        let body = json!({"challenge": challenge, "code": "123456"});
        let response = ann.client.post("/api/verify-totp", body).await;
        response.refused(410, "expired");
    }
}

async fn a_pasted_code_may_hold_spaces(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let challenge = ann.register().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let pasted = format!(" {} {}\n", &code[..4], &code[4..]);
    ann.verify(&challenge, &pasted).await.expect(200);
}

async fn item_05_a_new_challenge_does_not_forget_the_wrong_codes_before_it(stack: Arc<Stack>) {
    let ann: Person = Person::join(&stack, "Ann").await;
    let first = ann.login().await.expect(200).text("/challenge");
    let wrong = Visitor::wrong_code(&ann.code().await);
    for _ in 0..5 {
        let response = ann.verify(&first, &wrong).await;
        response.refused(401, "wrong_code");
    }
    let second = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    let response = ann.verify(&second, &Visitor::wrong_code(&code)).await;
    let response = response.refused(401, "wrong_code");
    assert_eq!(response.number("/attempts_left"), 4);
    ann.verify(&second, &code).await.too_fast();
    assert!(ann.is_signed_in().await, "the session continues");
}

async fn ten_codes_an_hour_are_mailed_to_one_address_and_no_more(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    for _ in 0..11 {
        let response = ann.login().await;
        if response.status != 200 {
            response.too_fast();
        }
    }
    for _ in 0..9 {
        ann.code().await;
    }
    // A later mail has arrived, so no earlier one is still queued.
    Visitor::new(&stack, "Bob").sign_up().await;
    let mails = stack.inbox.to(&ann.email).await;
    let codes = mails.iter().filter(|mail| mail.code().is_some());
    assert_eq!(codes.count(), 10);
}

async fn item_06_a_hundred_wrong_codes_delay_their_source_address(stack: Arc<Stack>) {
    let guesser = Visitor::new(&stack, "Eve");
    let challenges = join_all((0..20).map(|_| async {
        let victim = Visitor::new(&stack, "Ann");
        let challenge = victim.register().await.expect(202).text("/challenge");
        (victim.code().await, challenge)
    }))
    .await;
    for (code, challenge) in &challenges {
        let wrong = Visitor::wrong_code(code);
        for _ in 0..5 {
            let response = guesser.verify(challenge, &wrong).await;
            response.refused(401, "wrong_code");
        }
    }
    let target = Visitor::new(&stack, "Ann");
    let challenge = target.register().await.expect(202).text("/challenge");
    let code = target.code().await;
    guesser.verify(&challenge, &code).await.too_fast();
    target.verify(&challenge, &code).await.expect(200);
}
