//! Rotation of keys and peppers with open sessions.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use serde_json::Value;

pub fn tests() -> Vec<Test> {
    e2e::tests![item_24_rotating_keys_and_peppers_ends_no_session]
}

/// Redeploys with the second of both active, then with a new first one.
async fn item_24_rotating_keys_and_peppers_ends_no_session(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    let ann = visitor.sign_up().await;
    let (app, recovery_codes) = ann.enable_totp().await;
    let challenge = visitor.login().await.expect(200).text("/challenge");
    let code = visitor.code().await;

    let second = ["PepperInUse=second", "SigningSecretInUse=second"];
    stack.kill_and_redeploy(&second, |_| ()).await;
    assert!(ann.is_signed_in().await, "the key before still verifies");
    let response = ann.refresh(&ann.cookie).await.expect(200);
    let later = Person::new(Visitor::clone(&ann), &response);
    assert_ne!(key_of(&later.token), key_of(&ann.token));
    assert!(later.is_signed_in().await);
    let response = visitor.verify(&challenge, &code).await.expect(200);
    let challenge = response.text("/challenge");
    visitor
        .verify_totp(&challenge, &app.code().await)
        .await
        .expect(200);

    stack.kill_and_redeploy(&[], renew_the_first).await;
    assert!(!ann.is_signed_in().await, "its key is gone");
    ann.refresh(&ann.cookie).await.refused(401, "signed_out");
    assert!(later.is_signed_in().await, "its key is the one before now");
    later.refresh(&later.cookie).await.expect(200);
    for factor in [app.code().await, recovery_codes[0].clone()] {
        let challenge = visitor.login().await.expect(200).text("/challenge");
        let code = visitor.code().await;
        let response = visitor.verify(&challenge, &code).await.expect(200);
        let challenge = response.text("/challenge");
        let response = visitor.verify_totp(&challenge, &factor).await;
        assert_ne!(
            key_of(&response.expect(200).text("/access_token")),
            key_of(&later.token)
        );
    }
}

/// Replaces the inactive key and pepper, as `put-secret-value` would.
fn renew_the_first(secrets: &mut BTreeMap<String, String>) {
    for name in ["PepperSecret", "SigningSecret"] {
        let secret = secrets.get_mut(name).expect("the template has it");
        let (first, second) = secret.split_at(secret.len() / 2);
        let new: String = first.chars().rev().collect();
        *secret = new + second;
    }
}

fn key_of(token: &str) -> String {
    let header = token.split('.').next().unwrap_or_default();
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let header: Value = serde_json::from_slice(&header).unwrap_or_default();
    let key = header["kid"].as_str().expect("a token names its key");
    key.to_owned()
}
