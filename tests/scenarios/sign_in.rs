//! Signing in with a password and a mailed code.

use std::sync::Arc;

use e2e::harness::Test;
use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use serde_json::json;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_password_and_a_mailed_code_sign_in,
        item_23_a_password_alone_signs_nobody_in,
        item_06_the_seventh_wrong_password_waits_also_for_an_unknown_address,
        a_wait_is_for_one_account_and_not_for_its_neighbours,
        item_26_37_a_forgotten_password_is_reset_by_a_code_and_ends_every_session,
        a_new_password_must_be_as_good_as_a_first_one,
        item_26_37_changing_the_password_ends_the_other_sessions_and_is_told,
    ]
}

async fn a_password_and_a_mailed_code_sign_in(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    let first = visitor.sign_up().await;
    let challenge = visitor.login().await.expect(200);
    assert_eq!(challenge.fields(), ["challenge", "expires_at", "resend_at"]);
    let code = visitor.code().await;
    let challenge = challenge.text("/challenge");
    let answer = visitor.verify(&challenge, &code).await.expect(200);
    let second = Person::new(visitor.clone(), &answer);
    assert_eq!(second.id, first.id);
    assert_ne!(second.token, first.token);
    assert_ne!(second.cookie, first.cookie);
    assert!(first.is_signed_in().await && second.is_signed_in().await);
}

async fn item_23_a_password_alone_signs_nobody_in(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let answer = ann.login().await.expect(200);
    assert!(answer.header("set-cookie").is_none());
    let challenge = answer.text("/challenge");
    let client = ann.client.bearing(&challenge);
    client.get("/api/me").await.refused(401, "signed_out");
}

async fn item_06_the_seventh_wrong_password_waits_also_for_an_unknown_address(stack: Arc<Stack>) {
    let known = Visitor::new(&stack, "Ann");
    known.sign_up().await;
    let stranger = Visitor::new(&stack, "Bob");
    for visitor in [&known, &stranger] {
        let wrong = visitor.with_password("nothing that she ever typed");
        for _ in 0..6 {
            wrong.login().await.refused(401, "wrong_credentials");
        }
        let answer = wrong.login().await.too_fast();
        let wait = answer.number("/retry_at") - e2e::wait::now().as_millis();
        assert!((1..=30_000).contains(&wait), "{wait} ms");
    }
    known.login().await.too_fast();
    let answer = known.forgot_password().await;
    answer.expect(202);
}

async fn a_wait_is_for_one_account_and_not_for_its_neighbours(stack: Arc<Stack>) {
    let (ann, mut bob) = (Visitor::new(&stack, "Ann"), Visitor::new(&stack, "Bob"));
    ann.sign_up().await;
    bob.sign_up().await;
    let wrong = ann.with_password("nothing that she ever typed");
    for _ in 0..6 {
        wrong.login().await.refused(401, "wrong_credentials");
    }
    ann.login().await.too_fast();
    bob.client = ann.client.clone();
    bob.login().await.expect(200);
}

async fn item_26_37_a_forgotten_password_is_reset_by_a_code_and_ends_every_session(
    stack: Arc<Stack>,
) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let mut socket = ann.online().await;
    let answer = ann.forgot_password().await.expect(202);
    assert_eq!(answer.fields(), ["challenge", "expires_at", "resend_at"]);
    let challenge = answer.text("/challenge");
    let code = ann.code().await;
    let new = "entirely other violet lanterns";

    let wrong = Visitor::wrong_code(&code);
    let answer = ann.reset_password(&challenge, &wrong, new).await;
    let answer = answer.refused(401, "wrong_code");
    assert_eq!(answer.number("/attempts_left"), 4);
    let answer = ann.reset_password(&challenge, &code, new).await;
    answer.expect(204);

    assert!(!ann.is_signed_in().await);
    ann.refresh(&ann.cookie).await.refused(401, "signed_out");
    socket
        .closed_within(std::time::Duration::from_secs(5))
        .await;
    ann.login().await.refused(401, "wrong_credentials");
    ann.with_password(new).login().await.expect(200);
    let is_notice = |mail: &e2e::people::Mail| mail.code().is_none();
    stack.inbox.mail(&ann.email, "a notice", is_notice).await;
    let answer = ann.reset_password(&challenge, &code, new).await;
    answer.refused(410, "expired");
}

async fn a_new_password_must_be_as_good_as_a_first_one(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    for weak in ["short and sour", "passwordpassword", ""] {
        let body = json!({"current": ann.password, "password": weak});
        let answer = ann.client.post("/api/password", body).await;
        answer.invalid("password");
    }
    let challenge = ann.forgot_password().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let answer = ann
        .reset_password(&challenge, &code, "short and sour")
        .await;
    answer.invalid("password");
    let good = "entirely other violet lanterns";
    ann.reset_password(&challenge, &code, good)
        .await
        .expect(204);
}

async fn item_26_37_changing_the_password_ends_the_other_sessions_and_is_told(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    let here = visitor.sign_up().await;
    let elsewhere = visitor.sign_in().await;
    let mut socket_here = here.online().await;
    let mut socket_elsewhere = elsewhere.online().await;
    let new = "entirely other violet lanterns";
    let wrong = json!({"current": "never typed by her at all", "password": new});
    let answer = here.client.post("/api/password", wrong).await;
    answer.refused(401, "wrong_credentials");
    assert!(elsewhere.is_signed_in().await);

    let right = json!({"current": here.password, "password": new});
    here.client.post("/api/password", right).await.expect(204);
    assert!(here.is_signed_in().await, "the session that asked stays");
    assert!(!elsewhere.is_signed_in().await);
    elsewhere
        .refresh(&elsewhere.cookie)
        .await
        .refused(401, "signed_out");
    socket_elsewhere
        .closed_within(std::time::Duration::from_secs(5))
        .await;
    socket_here.ping().await;
    let tells = |mail: &e2e::people::Mail| mail.subject.contains("password was changed");
    stack.inbox.mail(&here.email, "a notice", tells).await;
    visitor.login().await.refused(401, "wrong_credentials");
    visitor.with_password(new).login().await.expect(200);
}
