//! Guessing, and that it costs the guesser and not the one whose account it is.

use std::sync::Arc;

use chat_client::Timestamp;
use e2e::harness::Test;
use e2e::people::{Mail, Person, Visitor};
use e2e::stack::Stack;
use e2e::wait::for_the_time;
use futures_util::future::join_all;

pub fn tests() -> Vec<Test> {
    let mut tests = e2e::tests![
        item_04_of_twenty_wrong_codes_at_once_five_are_compared,
        item_07_whoever_is_slowed_down_by_others_stays_in_and_gets_in_by_a_reset,
        guesses_at_once_are_no_more_than_one_after_the_other,
        item_08_one_source_cannot_use_up_the_codes_of_an_address,
        item_07_wrong_codes_of_a_registration_do_not_slow_its_address_down,
        item_25_every_refresh_token_is_forgiven_for_30_s_after_its_own_rotation,
        item_37_a_sign_in_from_another_device_is_told_by_mail,
        a_password_that_says_the_address_is_refused_and_costs_no_try,
    ];
    tests.extend(
        e2e::tests![a_code_that_is_refused_unread_costs_no_try]
            .into_iter()
            .map(Test::patient),
    );
    tests
}

/// Somebody else who names the address of `visitor`.
fn somebody_else(stack: &Arc<Stack>, visitor: &Visitor) -> Visitor {
    let mut eve = Visitor::new(stack, "Eve");
    eve.email.clone_from(&visitor.email);
    eve
}

async fn item_04_of_twenty_wrong_codes_at_once_five_are_compared(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let challenge = ann.register().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let wrong = Visitor::wrong_code(&code);
    let mut left = Vec::new();
    for answer in join_all((0..20).map(|_| ann.verify(&challenge, &wrong))).await {
        match answer.status.as_u16() {
            401 => left.push(answer.refused(401, "wrong_code").number("/attempts_left")),
            _ => drop(answer.refused(410, "expired")),
        }
    }
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4]);
    ann.verify(&challenge, &code).await.refused(410, "expired");
}

async fn item_07_whoever_is_slowed_down_by_others_stays_in_and_gets_in_by_a_reset(
    stack: Arc<Stack>,
) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let eve = somebody_else(&stack, &ann);
    for _ in 0..6 {
        eve.login().await.refused(401, "wrong_credentials");
    }
    ann.login().await.too_fast();
    assert!(ann.is_signed_in().await, "who is signed in stays so");
    let challenge = ann.forgot_password().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let new = "entirely other violet lanterns";
    let answer = ann.reset_password(&challenge, &code, new).await;
    answer.expect(204);
    let ann = ann.with_password(new);
    ann.sign_in().await;
    ann.login().await.expect(200);
}

async fn guesses_at_once_are_no_more_than_one_after_the_other(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let wrong = ann.with_password("nothing that she ever typed");
    let mut compared = 0;
    for answer in join_all((0..20).map(|_| wrong.login())).await {
        match answer.status.as_u16() {
            401 => compared += 1,
            _ => drop(answer.too_fast()),
        }
    }
    assert_eq!(
        compared, 6,
        "five without a wait, and the one that begins it"
    );
    ann.login().await.too_fast();
}

async fn item_08_one_source_cannot_use_up_the_codes_of_an_address(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let eve = somebody_else(&stack, &ann);
    for _ in 0..6 {
        eve.register().await.expect(202);
        eve.forgot_password().await.expect(202);
    }
    ann.login().await.expect(200);
    ann.forgot_password().await.expect(202);
    // Five asks of that source were heard: three got notices, two got codes.
    for _ in 0..4 {
        ann.code().await;
    }
    Visitor::new(&stack, "Bob").sign_up().await;
    let mails = stack.inbox.to(&ann.email).await;
    let (codes, notices): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| mail.code().is_some());
    assert_eq!((codes.len(), notices.len()), (5, 3), "{mails:?}");
}

async fn item_07_wrong_codes_of_a_registration_do_not_slow_its_address_down(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let eve = somebody_else(&stack, &ann);
    let mut wrong = 0;
    for _ in 0..2 {
        let challenge = eve.register().await.expect(202).text("/challenge");
        for _ in 0..5 {
            let answer = eve.verify(&challenge, "00000000").await;
            wrong += usize::from(answer.status == 401);
        }
    }
    assert_eq!(wrong, 6);
    let challenge = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    ann.verify(&challenge, &code).await.expect(200);
}

async fn item_25_every_refresh_token_is_forgiven_for_30_s_after_its_own_rotation(
    stack: Arc<Stack>,
) {
    let ann = Person::join(&stack, "Ann").await;
    let second = ann.refresh(&ann.cookie).await.expect(200).refresh_cookie();
    let third = ann.refresh(&second).await.expect(200).refresh_cookie();
    for late in [&ann.cookie, &second] {
        let answer = ann.refresh(late).await.expect(200);
        assert_eq!(answer.refresh_cookie(), third);
    }
    ann.refresh(&third).await.expect(200);
}

async fn item_37_a_sign_in_from_another_device_is_told_by_mail(stack: Arc<Stack>) {
    let mut ann = Visitor::new(&stack, "Ann");
    ann.client = ann.client.with_header("user-agent", "A telephone");
    ann.sign_up().await;
    ann.sign_in().await;
    ann.client = ann.client.with_header("user-agent", "A strange tablet");
    ann.sign_in().await;
    let tells = |mail: &Mail| mail.text.contains("A strange tablet");
    stack.inbox.mail(&ann.email, "a notice", tells).await;
    let mails = stack.inbox.to(&ann.email).await;
    let notices = mails.iter().filter(|mail| mail.code().is_none());
    assert_eq!(notices.count(), 1, "the telephone was known: {mails:?}");
}

async fn a_password_that_says_the_address_is_refused_and_costs_no_try(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let challenge = ann.forgot_password().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let saying = format!("{0}{0}", ann.email);
    let neighbour = Visitor::new(&stack, "Bob").with_password(&saying);
    neighbour.register().await.expect(202);
    for _ in 0..6 {
        let answer = ann.reset_password(&challenge, &code, &saying).await;
        answer.invalid("password");
    }
    assert!(ann.is_signed_in().await, "nothing has changed");
    let good = "entirely other violet lanterns";
    let answer = ann.reset_password(&challenge, &code, good).await;
    answer.expect(204);
}

async fn a_code_that_is_refused_unread_costs_no_try(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let first = ann.login().await.expect(200).text("/challenge");
    let wrong = Visitor::wrong_code(&ann.code().await);
    for _ in 0..5 {
        let answer = ann.verify(&first, &wrong).await;
        answer.refused(401, "wrong_code");
    }
    let second = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    let answer = ann.verify(&second, &Visitor::wrong_code(&code)).await;
    answer.refused(401, "wrong_code");
    let mut retry_at = Timestamp::EPOCH;
    for _ in 0..6 {
        let answer = ann.verify(&second, &code).await.too_fast();
        retry_at = answer.time("/retry_at");
    }
    for_the_time(retry_at).await;
    ann.verify(&second, &code).await.expect(200);
}
