//! Second factors: an app's codes and recovery codes.

use std::sync::Arc;

use e2e::people::{Mail, Person, Response, TotpApp, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::now;
use futures_util::future::join_all;
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    let mut tests = e2e::tests![
        item_15_with_totp_a_mailed_code_alone_does_not_sign_in,
        item_15_a_code_of_the_app_signs_in_once,
        item_15_a_recovery_code_signs_in_once_and_its_owner_is_notified,
        item_15_a_password_reset_does_not_bypass_the_second_factor,
        item_15_wrong_app_codes_are_delayed_and_recovery_codes_are_not,
        item_10_23_a_challenge_for_a_second_factor_authorises_nothing_else,
        item_19_a_short_password_requires_a_second_factor,
        item_37_each_change_of_a_second_factor_notifies_by_mail,
        totp_is_not_on_before_a_code_confirms_it,
        a_step_up_takes_the_password_and_the_code,
    ];
    tests.extend(
        e2e::tests![new_recovery_codes_void_the_old_ones_and_are_deleted_with_the_app]
            .into_iter()
            .map(Test::patient),
    );
    tests
}

/// Signs in up to the second factor; returns its challenge.
async fn half_signed_in(visitor: &Visitor) -> String {
    let challenge = visitor.login().await.expect(200).text("/challenge");
    let code = visitor.code().await;
    let response = visitor.verify(&challenge, &code).await.expect(200);
    response.text("/challenge")
}

fn recovery_codes(response: &Response) -> Vec<String> {
    let codes = response.body["recovery_codes"].as_array();
    let codes = codes.into_iter().flatten().filter_map(Value::as_str);
    codes.map(str::to_owned).collect()
}

async fn item_15_with_totp_a_mailed_code_alone_does_not_sign_in(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let (app, recovery_codes) = ann.enable_totp().await;
    assert_eq!(recovery_codes.len(), 10);
    let factors = ann.client.get("/api/factors").await.expect(200);
    assert!(factors.number("/totp_since") <= now().as_millis());
    assert_eq!(factors.number("/recovery_codes_left"), 10);

    let challenge = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    let response = ann.verify(&challenge, &code).await.expect(200);
    assert_eq!(response.fields(), ["challenge", "expires_at", "factor"]);
    assert_eq!(response.text("/factor"), "totp");
    assert!(response.header("set-cookie").is_none());
    let second = response.text("/challenge");
    let response = ann.verify_totp(&second, &app.wrong_code()).await;
    let response = response.refused(401, "wrong_code");
    assert_eq!(response.number("/attempts_left"), 4);
    for malformed in ["", "12345", "1234567", "abcdef"] {
        ann.verify_totp(&second, malformed).await.invalid("code");
    }
    let response = ann.verify_totp(&second, &app.code().await).await;
    let again = Person::new(Visitor::clone(&ann), &response.expect(200));
    assert_eq!(again.id, ann.id);
    assert!(again.is_signed_in().await);
    again.refresh(&again.cookie).await.expect(200);
}

async fn item_15_a_code_of_the_app_signs_in_once(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let (app, _) = ann.enable_totp().await;
    let challenge = half_signed_in(&ann).await;
    let confirmed = ann.verify_totp(&challenge, &app.last_code()).await;
    confirmed.refused(401, "wrong_code");
    let others = [half_signed_in(&ann).await, half_signed_in(&ann).await];
    let code = app.code().await;
    let challenges = [&challenge, &others[0], &others[1], &challenge];
    let responses = join_all(challenges.map(|challenge| ann.verify_totp(challenge, &code))).await;
    let right = responses
        .iter()
        .filter(|response| response.status == 200)
        .count();
    assert_eq!(right, 1, "{responses:?}");
}

async fn item_15_a_recovery_code_signs_in_once_and_its_owner_is_notified(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let (_, recovery_codes) = ann.enable_totp().await;
    let challenge = half_signed_in(&ann).await;
    let typed = recovery_codes[3].to_uppercase().replace('-', " ");
    ann.verify_totp(&challenge, &typed).await.expect(200);
    let mentions = |mail: &Mail| {
        mail.text
            .replace('\n', " ")
            .contains("One of your recovery codes")
    };
    stack.inbox.mail(&ann.email, "a notice", mentions).await;
    let factors = ann.client.get("/api/factors").await.expect(200);
    assert_eq!(factors.number("/recovery_codes_left"), 9);

    let challenge = half_signed_in(&ann).await;
    let response = ann.verify_totp(&challenge, &recovery_codes[3]).await;
    response.refused(401, "wrong_code");
    let tries = (0..4).map(|_| ann.verify_totp(&challenge, &recovery_codes[4]));
    let responses = join_all(tries).await;
    let right = responses
        .iter()
        .filter(|response| response.status == 200)
        .count();
    assert_eq!(right, 1, "{responses:?}");
}

async fn item_15_a_password_reset_does_not_bypass_the_second_factor(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let (app, _) = ann.enable_totp().await;
    let challenge = ann.forgot_password().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let new = "entirely other violet lanterns";
    ann.reset_password(&challenge, &code, new).await.expect(204);
    assert!(!ann.is_signed_in().await);
    let ann = ann.with_password(new);
    let challenge = half_signed_in(&ann).await;
    let response = ann.verify_totp(&challenge, &app.code().await).await;
    assert_eq!(response.expect(200).text("/user/name"), "Ann");
}

async fn item_15_wrong_app_codes_are_delayed_and_recovery_codes_are_not(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let (app, recovery_codes) = ann.enable_totp().await;
    let challenge = half_signed_in(&ann).await;
    for left in [4, 3, 2, 1, 0] {
        let response = ann.verify_totp(&challenge, &app.wrong_code()).await;
        let response = response.refused(401, "wrong_code");
        assert_eq!(response.number("/attempts_left"), left);
    }
    let code = app.code().await;
    let dead = ann.verify_totp(&challenge, &code).await;
    dead.refused(410, "expired");

    let challenge = half_signed_in(&ann).await;
    let sixth = ann.verify_totp(&challenge, &app.wrong_code()).await;
    sixth.refused(401, "wrong_code");
    ann.verify_totp(&challenge, &code).await.too_fast();
    // A password reset by mail does not clear the wait.
    let reset = ann.forgot_password().await.expect(202).text("/challenge");
    let mailed = ann.code().await;
    let new = "entirely other violet lanterns";
    ann.reset_password(&reset, &mailed, new).await.expect(204);
    ann.verify_totp(&challenge, &code)
        .await
        .refused(410, "expired");
    let challenge = half_signed_in(&ann.with_password(new)).await;
    ann.verify_totp(&challenge, &code).await.too_fast();
    let response = ann.verify_totp(&challenge, &recovery_codes[0]).await;
    response.expect(200);
}

async fn item_10_23_a_challenge_for_a_second_factor_authorises_nothing_else(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let (app, _) = ann.enable_totp().await;
    let mailed = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    ann.verify_totp(&mailed, &app.code().await)
        .await
        .refused(410, "expired");
    let second = ann.verify(&mailed, &code).await.expect(200);
    let second = second.text("/challenge");
    ann.verify(&second, &code).await.refused(410, "expired");
    let body = json!({"challenge": second});
    let response = ann.client.post("/api/resend-otp", body).await;
    response.refused(410, "expired");
    let new = "entirely other violet lanterns";
    let response = ann.reset_password(&second, &code, new).await;
    response.refused(410, "expired");
    let bearer = ann.anonymous().with_token(&second);
    bearer.get("/api/me").await.refused(401, "signed_out");
}

async fn item_19_a_short_password_requires_a_second_factor(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let short = "q7!Vz#pK2";
    let to_short = json!({"current": ann.password, "password": short});
    let refused = ann.client.post("/api/password", to_short.clone()).await;
    refused.invalid("password");
    let reset = ann.forgot_password().await.expect(202).text("/challenge");
    let code = ann.code().await;
    ann.reset_password(&reset, &code, short)
        .await
        .invalid("password");

    ann.enable_totp().await;
    ann.client.post("/api/password", to_short).await.expect(204);
    let factors = ann.client.get("/api/factors").await.expect(200);
    assert_eq!(factors.body["password_is_short"], true);
    let refused = ann.client.delete("/api/totp").await;
    refused.invalid("password");
    let to_long = json!({"current": short, "password": "entirely other violet lanterns"});
    ann.client.post("/api/password", to_long).await.expect(204);
    ann.client.delete("/api/totp").await.expect(204);
    let gone = ann.client.delete("/api/totp").await;
    gone.refused(404, "not_found");
    ann.with_password("entirely other violet lanterns")
        .sign_in()
        .await;
}

async fn item_37_each_change_of_a_second_factor_notifies_by_mail(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    ann.enable_totp().await;
    ann.client
        .post_empty("/api/recovery-codes")
        .await
        .expect(200);
    ann.client.delete("/api/totp").await.expect(204);
    for event in [
        "now asks for a code from an authenticator app",
        "New recovery codes were created",
        "no longer asks for a code from an authenticator app",
    ] {
        let mentions = |mail: &Mail| mail.text.replace('\n', " ").contains(event);
        stack.inbox.mail(&ann.email, event, mentions).await;
    }
}

async fn totp_is_not_on_before_a_code_confirms_it(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let early = json!({"code": "123456"});
    let response = ann.client.post("/api/totp/confirm", early).await;
    response.refused(410, "expired");
    let first = ann.client.post_empty("/api/totp").await.expect(200);
    let second = ann.client.post_empty("/api/totp").await.expect(200);
    let (old, app) = (
        TotpApp::new(&first.text("/secret")),
        TotpApp::new(&second.text("/secret")),
    );
    let uri = second.text("/uri");
    assert!(uri.contains(&second.text("/secret")) && uri.starts_with("otpauth://totp/Banter:"));
    Visitor::clone(&ann).sign_in().await;

    let confirm = async |code: String| {
        let body = json!({"code": code});
        ann.client.post("/api/totp/confirm", body).await
    };
    let response = confirm(old.code().await).await.refused(401, "wrong_code");
    assert_eq!(response.number("/attempts_left"), 4);
    confirm("nonsense".to_owned()).await.invalid("code");
    let response = confirm(app.code().await).await.expect(200);
    assert_eq!(recovery_codes(&response).len(), 10);
    confirm(app.code().await).await.refused(410, "expired");
    let response = ann.client.post_empty("/api/totp").await;
    response.invalid("totp");
}

async fn a_step_up_takes_the_password_and_the_code(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let step_up = async |body: Value| ann.client.post("/api/step-up", body).await;
    let before = ann.client.get("/api/factors").await.expect(200);
    let response = step_up(json!({"password": ann.password})).await.expect(200);
    assert!(response.number("/fresh_until") > before.number("/fresh_until"));
    let wrong = step_up(json!({"password": "nothing she ever typed"})).await;
    wrong.refused(401, "wrong_credentials");

    let (app, codes) = ann.enable_totp().await;
    let without = step_up(json!({"password": ann.password})).await;
    without.invalid("code");
    let wrong = json!({"password": ann.password, "code": app.wrong_code()});
    step_up(wrong).await.refused(401, "wrong_credentials");
    let right = json!({"password": ann.password, "code": app.code().await});
    step_up(right).await.expect(200);
    let recovery = json!({"password": ann.password, "code": codes[0]});
    step_up(recovery).await.expect(200);
    let mentions = |mail: &Mail| {
        mail.text
            .replace('\n', " ")
            .contains("One of your recovery codes")
    };
    stack.inbox.mail(&ann.email, "a notice", mentions).await;
}

async fn new_recovery_codes_void_the_old_ones_and_are_deleted_with_the_app(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let none = ann.client.post_empty("/api/recovery-codes").await;
    none.refused(404, "not_found");
    let (app, old) = ann.enable_totp().await;
    let response = ann.client.post_empty("/api/recovery-codes").await;
    let new = recovery_codes(&response.expect(200));
    let challenge = half_signed_in(&ann).await;
    let void = ann.verify_totp(&challenge, &old[0]).await;
    void.refused(401, "wrong_code");
    ann.verify_totp(&challenge, &new[0]).await.expect(200);
    let challenge = half_signed_in(&ann).await;
    ann.client.delete("/api/totp").await.expect(204);
    for code in [app.code().await, new[1].clone()] {
        let gone = ann.verify_totp(&challenge, &code).await;
        gone.refused(401, "wrong_code");
    }
    Visitor::clone(&ann).sign_in().await;
}
