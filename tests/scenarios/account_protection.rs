//! Attackers who know an address do not lock its owner out, and what they began
//! with an old password leads nowhere.

use std::sync::Arc;

use e2e::people::{Mail, Response, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::{TIMEOUT, eventually};
use serde_json::json;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        item_39_a_known_device_signs_in_while_the_address_is_under_attack,
        item_39_a_known_device_has_its_own_waits,
        item_39_what_needs_a_session_does_not_wait_for_anonymous_attempts,
        item_39_codes_of_a_sign_in_do_not_wait_for_anonymous_attempts,
        item_40_an_owner_without_a_device_resets_and_signs_in_under_both_attacks,
        item_40_a_reset_link_works_once_and_only_until_the_password_changes,
        item_40_after_a_reset_the_owner_gets_another_link_under_attack,
        item_43_a_form_of_another_site_sets_no_cookie,
        item_44_a_sign_in_begun_with_the_old_password_ends_with_it,
        item_37_45_a_known_device_is_not_reported_and_another_is,
    ]
}

const NEW: &str = "entirely other violet lanterns";

/// A client at another address that names `visitor`'s email and does not know the
/// password.
fn attacker(stack: &Arc<Stack>, visitor: &Visitor) -> Visitor {
    let mut eve = Visitor::new(stack, "Eve");
    eve.email.clone_from(&visitor.email);
    eve
}

/// `visitor` in the browser that received `answer`.
fn in_browser_of(visitor: &Visitor, answer: &Response) -> Visitor {
    let mut visitor = visitor.clone();
    visitor.client = visitor.client.with_cookie(&answer.device_cookie());
    visitor
}

/// Wrong passwords until the address has to wait.
async fn attack(eve: &Visitor) {
    for _ in 0..6 {
        eve.login().await.refused(401, "wrong_credentials");
    }
    eve.login().await.too_fast();
}

async fn sign_up(ann: &Visitor) -> Response {
    let challenge = ann.register().await.expect(202).text("/challenge");
    let code = ann.code().await;
    ann.verify(&challenge, &code).await.expect(200)
}

async fn sign_in(ann: &Visitor) -> Response {
    let challenge = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    ann.verify(&challenge, &code).await.expect(200)
}

async fn item_39_a_known_device_signs_in_while_the_address_is_under_attack(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let signed_up = sign_up(&ann).await;
    attack(&attacker(&stack, &ann)).await;
    ann.login().await.too_fast();
    let at_home = in_browser_of(&ann, &signed_up);
    sign_in(&at_home).await;
    // Another account's device is no device of this one.
    let bob = sign_up(&Visitor::new(&stack, "Bob")).await;
    in_browser_of(&ann, &bob).login().await.too_fast();
}

async fn item_39_a_known_device_has_its_own_waits(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let at_home = in_browser_of(&ann, &sign_up(&ann).await);
    attack(&at_home.with_password("nothing that she ever typed")).await;
    at_home.login().await.too_fast();
    ann.login().await.expect(200);
}

async fn item_39_what_needs_a_session_does_not_wait_for_anonymous_attempts(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    attack(&attacker(&stack, &ann)).await;
    let body = json!({"password": ann.password});
    ann.client.post("/api/step-up", body).await.expect(200);
    let body = json!({"current": ann.password, "password": NEW});
    ann.client.post("/api/password", body).await.expect(204);
    assert!(
        ann.is_signed_in().await,
        "the session that changed it stays"
    );
}

async fn item_39_codes_of_a_sign_in_do_not_wait_for_anonymous_attempts(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    sign_up(&ann).await;
    let challenge = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    attack(&attacker(&stack, &ann)).await;
    ann.verify(&challenge, &code).await.expect(200);
}

/// Both attacks at once: wrong passwords, and reset emails used up with every try
/// of their codes.
async fn item_40_an_owner_without_a_device_resets_and_signs_in_under_both_attacks(
    stack: Arc<Stack>,
) {
    let ann = Visitor::new(&stack, "Ann");
    sign_up(&ann).await;
    let eve = attacker(&stack, &ann);
    attack(&eve).await;
    for _ in 0..6 {
        let challenge = eve.forgot_password().await.expect(202).text("/challenge");
        for _ in 0..5 {
            eve.reset_password(&challenge, "00000000", NEW).await;
        }
    }
    ann.login().await.too_fast();
    ann.forgot_password().await.expect(202);
    let mail = stack
        .inbox
        .mail(&ann.email, "a reset email", |mail| {
            mail.reset_token().is_some()
        })
        .await;
    let token = mail.reset_token().expect("it has a link");
    let reset = ann.reset_by_link(token, NEW).await.expect(204);
    attack(&eve).await;
    let ann = in_browser_of(&ann.with_password(NEW), &reset);
    // Emails of the attack are in the same mailbox, so the newest code counts.
    let before = stack.inbox.to(&ann.email).await.len();
    let challenge = ann.login().await.expect(200).text("/challenge");
    let is_new = |mail: &Mail| mail.subject.contains("sign in") && mail.code().is_some();
    let mail = stack.inbox.mail(&ann.email, "a sign-in code", is_new).await;
    assert!(stack.inbox.to(&ann.email).await.len() > before);
    let code = mail.code().expect("it has a code");
    ann.verify(&challenge, code).await.expect(200);
}

async fn item_40_a_reset_link_works_once_and_only_until_the_password_changes(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let mut tokens: Vec<String> = Vec::new();
    for _ in 0..2 {
        ann.forgot_password().await.expect(202);
        let is_new = |mail: &Mail| {
            let token = mail.reset_token();
            token.is_some_and(|token| !tokens.iter().any(|known| known == token))
        };
        let mail = stack.inbox.mail(&ann.email, "a reset link", is_new).await;
        tokens.push(mail.reset_token().expect("it has a link").to_owned());
    }
    let weak = ann.reset_by_link(&tokens[0], "password1234567").await;
    weak.invalid("password");
    ann.reset_by_link("no such token", NEW)
        .await
        .refused(410, "expired");
    ann.reset_by_link(&tokens[0], NEW).await.expect(204);
    assert!(!ann.is_signed_in().await);
    for token in &tokens {
        let again = ann.reset_by_link(token, "four more violet lanterns").await;
        again.refused(410, "expired");
    }
    ann.with_password(NEW).login().await.expect(200);
}

/// The owner keeps no cookies, and others request all emails of the hour, each time.
async fn item_40_after_a_reset_the_owner_gets_another_link_under_attack(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    sign_up(&ann).await;
    let eve = attacker(&stack, &ann);
    for (round, new) in [NEW, "four more violet lanterns"].into_iter().enumerate() {
        for _ in 0..7 {
            eve.forgot_password().await.expect(202);
        }
        ann.forgot_password().await.expect(202);
        let links = eventually("five emails with links", TIMEOUT, || async {
            let mails = stack.inbox.to(&ann.email).await;
            let links = mails.iter().filter_map(Mail::reset_token);
            let links: Vec<String> = links.map(str::to_owned).collect();
            (links.len() == 5 * (round + 1)).then_some(links)
        })
        .await;
        let newest = links.last().expect("there are five");
        ann.reset_by_link(newest, new).await.expect(204);
    }
}

async fn item_43_a_form_of_another_site_sets_no_cookie(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let body = json!({"email": ann.email, "password": ann.password}).to_string();
    for origin in ["https://evil.example.com", "null", "http://localhost"] {
        let foreign = ann.client.with_header("origin", origin);
        for path in ["/api/login", "/api/passkey-login", "/api/verify-otp"] {
            let answer = foreign.post_text(path, body.clone()).await;
            assert!(answer.headers.get("set-cookie").is_none());
            answer.refused(403, "forbidden");
        }
    }
    let as_form = ann.client.with_header("content-type", "text/plain");
    let as_form = as_form.post_text("/api/login", body.clone()).await;
    as_form.invalid("body");
    let own = ann.client.with_header("origin", ann.client.origin());
    own.post_text("/api/login", body)
        .await
        .refused(401, "wrong_credentials");
}

async fn item_44_a_sign_in_begun_with_the_old_password_ends_with_it(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let (app, _) = ann.enable_totp().await;
    // Eve knows the old password and reads the mailbox.
    let first = ann.login().await.expect(200).text("/challenge");
    let first_code = ann.code().await;
    let second = ann.login().await.expect(200).text("/challenge");
    let second_code = ann.code().await;
    let at_totp = ann.verify(&second, &second_code).await.expect(200);
    let at_totp = at_totp.text("/challenge");
    let body = json!({"current": ann.password, "password": NEW});
    ann.client.post("/api/password", body).await.expect(204);
    ann.verify(&first, &first_code)
        .await
        .refused(410, "expired");
    let body = json!({"challenge": first});
    let resent = ann.anonymous().post("/api/resend-otp", body).await;
    resent.refused(410, "expired");
    let answer = ann.verify_totp(&at_totp, &app.code().await).await;
    answer.refused(410, "expired");
}

async fn item_37_45_a_known_device_is_not_reported_and_another_is(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let at_home = in_browser_of(&ann, &sign_up(&ann).await);
    let again = sign_in(&at_home).await;
    let at_home = in_browser_of(&ann, &again);
    sign_in(&at_home).await;
    let mut elsewhere = ann.clone();
    elsewhere.client = ann.client.with_header("user-agent", "A strange tablet");
    sign_in(&elsewhere).await;
    let reports = |mail: &Mail| mail.text.contains("A strange tablet");
    stack.inbox.mail(&ann.email, "a report", reports).await;
    let mails = stack.inbox.to(&ann.email).await;
    let reports = mails.iter().filter(|mail| mail.code().is_none());
    assert_eq!(reports.count(), 1, "the known device is not: {mails:?}");
}
