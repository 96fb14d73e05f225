//! Registration.

use std::sync::Arc;

use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::now;
use serde_json::json;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_mailed_code_completes_a_registration,
        registering_returns_a_challenge_and_its_times,
        a_registration_creates_no_account_before_its_code_is_verified,
        an_account_gets_the_password_and_name_of_its_challenge,
        addresses_are_case_insensitive,
        invalid_registration_fields_are_named,
        item_20_a_common_password_is_refused_at_any_length,
        any_characters_may_be_in_a_password,
        the_sixty_first_registration_in_an_hour_from_one_address_is_too_fast,
    ]
}

async fn a_mailed_code_completes_a_registration(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let challenge = ann.register().await.expect(202).text("/challenge");
    let code = ann.code().await;
    let signed_in = ann.verify(&challenge, &code).await.expect(200);
    assert_eq!(
        signed_in.fields(),
        ["access_token", "expires_at", "user"],
        "{}",
        signed_in.body
    );
    assert_eq!(signed_in.text("/user/name"), "Ann");
    let lifetime = signed_in.number("/expires_at") - now().as_millis();
    assert!((1..=15 * 60_000).contains(&lifetime), "{lifetime} ms");

    let ann = Person::new(ann, &signed_in);
    let me = ann.client.get("/api/me").await.expect(200);
    assert_eq!(
        me.body,
        json!({"user": {"id": ann.id, "name": "Ann", "email": ann.email}})
    );
}

async fn registering_returns_a_challenge_and_its_times(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let before = now().as_millis();
    let response = ann.register().await.expect(202);
    assert_eq!(response.fields(), ["challenge", "expires_at", "resend_at"]);
    assert!(response.text("/challenge").len() <= 64);
    let expires_in = response.number("/expires_at") - before;
    assert!((4 * 60_000..=6 * 60_000).contains(&expires_in));
    let resend_in = response.number("/resend_at") - before;
    assert!((55_000..=70_000).contains(&resend_in), "{resend_in} ms");
}

async fn a_registration_creates_no_account_before_its_code_is_verified(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.register().await.expect(202);
    ann.login().await.refused(401, "wrong_credentials");
}

async fn an_account_gets_the_password_and_name_of_its_challenge(stack: Arc<Stack>) {
    let first = Visitor::new(&stack, "Ann");
    let mut second = first.with_password("an entirely different author wrote this");
    second.name = "Eve".to_owned();
    let challenge = first.register().await.expect(202).text("/challenge");
    let code = first.code().await;
    second.register().await.expect(202);
    let other_code = second.code().await;
    assert_ne!(code, other_code);
    let response = first.verify(&challenge, &code).await.expect(200);
    assert_eq!(response.text("/user/name"), "Ann");
    second.login().await.refused(401, "wrong_credentials");
    first.login().await.expect(200);
}

async fn addresses_are_case_insensitive(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let mut shouting = ann.clone();
    shouting.email = ann.email.to_uppercase();
    shouting.login().await.expect(200);
}

async fn invalid_registration_fields_are_named(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let good = json!({"email": ann.email, "password": ann.password, "name": ann.name});
    let long = "x".repeat(300);
    let cases = [
        ("email", json!("")),
        ("email", json!("ann")),
        ("email", json!("ann@localhost")),
        ("email", json!("ann@example.com\r\nbcc: bob@example.com")),
        ("email", json!(format!("{long}@example.com"))),
        ("password", json!("short and sour")),
        ("password", json!(format!("violet lanterns {long}"))),
        ("name", json!("")),
        ("name", json!("   ")),
        ("name", json!("Ann\nBob")),
        ("name", json!("x".repeat(81))),
    ];
    for (field, value) in cases {
        let mut body = good.clone();
        body[field] = value;
        ann.client.post("/api/register", body).await.invalid(field);
    }
    ann.client.post("/api/register", good).await.expect(202);
}

async fn item_20_a_common_password_is_refused_at_any_length(stack: Arc<Stack>) {
    for password in [
        "passwordpassword",
        "aaaaaaaaaaaaaaaaaaaa",
        "123456789012345678",
    ] {
        let ann = Visitor::new(&stack, "Ann").with_password(password);
        ann.register().await.invalid("password");
    }
}

async fn any_characters_may_be_in_a_password(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").with_password("  žluťoučký 🐎 pěl \u{e9}\u{1F9C4} ódy  ");
    ann.sign_up().await;
    // The same text in another Unicode composition.
    let composed = ann.password.replace('\u{e9}', "e\u{301}");
    ann.with_password(&composed).login().await.expect(200);
    let trimmed = ann.password.trim().to_owned();
    let response = ann.with_password(&trimmed).login().await;
    response.refused(401, "wrong_credentials");
}

async fn the_sixty_first_registration_in_an_hour_from_one_address_is_too_fast(stack: Arc<Stack>) {
    let first = Visitor::new(&stack, "Ann");
    let (number, _) = stack.next_person();
    for count in 1..=61 {
        let mut ann = first.clone();
        ann.email = format!("ann.{number}.{count}@example.com");
        stack.secrets.note(e2e::stack::Kind::Address, &ann.email);
        let response = ann.register().await;
        if count <= 60 {
            response.expect(202);
        } else {
            response.too_fast();
        }
    }
    let neighbour = Visitor::new(&stack, "Bob");
    neighbour.register().await.expect(202);
}
