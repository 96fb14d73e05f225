//! Signing in with a password and a mailed code.

use std::sync::Arc;

use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use serde_json::json;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_password_and_a_mailed_code_sign_in,
        item_23_a_password_alone_does_not_sign_in,
        item_06_the_seventh_wrong_password_is_delayed_also_for_an_unknown_address,
        a_wait_applies_to_one_account_only,
        item_26_37_a_forgotten_password_is_reset_by_a_code_and_ends_every_session,
        a_new_password_follows_the_rules_of_registration,
        item_26_37_changing_the_password_ends_the_other_sessions_and_notifies,
    ]
}

async fn a_password_and_a_mailed_code_sign_in(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    let first = visitor.sign_up().await;
    let challenge = visitor.login().await.expect(200);
    assert_eq!(challenge.fields(), ["challenge", "expires_at", "resend_at"]);
    let code = visitor.code().await;
    let challenge = challenge.text("/challenge");
    let response = visitor.verify(&challenge, &code).await.expect(200);
    let second = Person::new(visitor.clone(), &response);
    assert_eq!(second.id, first.id);
    assert_ne!(second.token, first.token);
    assert_ne!(second.cookie, first.cookie);
    assert!(first.is_signed_in().await && second.is_signed_in().await);
}

async fn item_23_a_password_alone_does_not_sign_in(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let response = ann.login().await.expect(200);
    assert!(response.header("set-cookie").is_none());
    let challenge = response.text("/challenge");
    let client = ann.client.with_token(&challenge);
    client.get("/api/me").await.refused(401, "signed_out");
}

async fn item_06_the_seventh_wrong_password_is_delayed_also_for_an_unknown_address(
    stack: Arc<Stack>,
) {
    let known = Visitor::new(&stack, "Ann");
    known.sign_up().await;
    let stranger = Visitor::new(&stack, "Bob");
    for visitor in [&known, &stranger] {
        let wrong = visitor.with_password("nothing that she ever typed");
        for _ in 0..6 {
            wrong.login().await.refused(401, "wrong_credentials");
        }
        let response = wrong.login().await.too_fast();
        let wait = response.number("/retry_at") - e2e::wait::now().as_millis();
        assert!((1..=30_000).contains(&wait), "{wait} ms");
    }
    known.login().await.too_fast();
    let response = known.forgot_password().await;
    response.expect(202);
}

async fn a_wait_applies_to_one_account_only(stack: Arc<Stack>) {
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
    let response = ann.forgot_password().await.expect(202);
    assert_eq!(response.fields(), ["challenge", "expires_at", "resend_at"]);
    let challenge = response.text("/challenge");
    let code = ann.code().await;
    let new = "entirely other violet lanterns";

    let wrong = Visitor::wrong_code(&code);
    let response = ann.reset_password(&challenge, &wrong, new).await;
    let response = response.refused(401, "wrong_code");
    assert_eq!(response.number("/attempts_left"), 4);
    let response = ann.reset_password(&challenge, &code, new).await;
    response.expect(204);

    assert!(!ann.is_signed_in().await);
    ann.refresh(&ann.cookie).await.refused(401, "signed_out");
    socket
        .closed_within(std::time::Duration::from_secs(5))
        .await;
    ann.login().await.refused(401, "wrong_credentials");
    ann.with_password(new).login().await.expect(200);
    let is_notice = |mail: &e2e::people::Mail| mail.code().is_none();
    stack.inbox.mail(&ann.email, "a notice", is_notice).await;
    let response = ann.reset_password(&challenge, &code, new).await;
    response.refused(410, "expired");
}

async fn a_new_password_follows_the_rules_of_registration(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    for weak in ["short and sour", "passwordpassword", ""] {
        let body = json!({"current": ann.password, "password": weak});
        let response = ann.client.post("/api/password", body).await;
        response.invalid("password");
    }
    let challenge = ann.forgot_password().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let response = ann
        .reset_password(&challenge, &code, "short and sour")
        .await;
    response.invalid("password");
    let good = "entirely other violet lanterns";
    ann.reset_password(&challenge, &code, good)
        .await
        .expect(204);
}

async fn item_26_37_changing_the_password_ends_the_other_sessions_and_notifies(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    let here = visitor.sign_up().await;
    let elsewhere = visitor.sign_in().await;
    let mut socket_here = here.online().await;
    let mut socket_elsewhere = elsewhere.online().await;
    let new = "entirely other violet lanterns";
    let wrong = json!({"current": "never typed by her at all", "password": new});
    let response = here.client.post("/api/password", wrong).await;
    response.refused(401, "wrong_credentials");
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
    let mentions = |mail: &e2e::people::Mail| mail.subject.contains("password was changed");
    stack.inbox.mail(&here.email, "a notice", mentions).await;
    visitor.login().await.refused(401, "wrong_credentials");
    visitor.with_password(new).login().await.expect(200);
}
