//! Keys and peppers that take each other's place while people are signed in.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use e2e::harness::Test;
use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use serde_json::Value;

pub fn tests() -> Vec<Test> {
    e2e::tests![item_24_keys_and_peppers_are_rotated_and_nobody_is_signed_out]
}

/// Deploys with the second of both in use, and then with a first that is new.
async fn item_24_keys_and_peppers_are_rotated_and_nobody_is_signed_out(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    let ann = visitor.sign_up().await;
    let (app, recovery_codes) = ann.turn_totp_on().await;
    let challenge = visitor.login().await.expect(200).text("/challenge");
    let code = visitor.code().await;

    let second = ["PepperInUse=second", "SigningSecretInUse=second"];
    stack.kill_and_redeploy(&second, |_| ()).await;
    assert!(ann.is_signed_in().await, "the key before still verifies");
    let answer = ann.refresh(&ann.cookie).await.expect(200);
    let later = Person::new(Visitor::clone(&ann), &answer);
    assert_ne!(key_of(&later.token), key_of(&ann.token));
    assert!(later.is_signed_in().await);
    let answer = visitor.verify(&challenge, &code).await.expect(200);
    let challenge = answer.text("/challenge");
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
        let answer = visitor.verify(&challenge, &code).await.expect(200);
        let challenge = answer.text("/challenge");
        let answer = visitor.verify_totp(&challenge, &factor).await;
        assert_ne!(
            key_of(&answer.expect(200).text("/access_token")),
            key_of(&later.token)
        );
    }
}

/// What `put-secret-value` does to the two that are not in use.
fn renew_the_first(secrets: &mut BTreeMap<String, String>) {
    for name in ["PepperSecret", "SigningSecret"] {
        let secret = secrets.get_mut(name).expect("the template has it");
        *secret = secret.chars().rev().collect();
    }
}

fn key_of(token: &str) -> String {
    let header = token.split('.').next().unwrap_or_default();
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let header: Value = serde_json::from_slice(&header).unwrap_or_default();
    let key = header["kid"].as_str().expect("a token names its key");
    key.to_owned()
}
