//! While keys are rotated, no function receives one that it does not know yet.

use std::collections::BTreeSet;

use super::{Resource, functions, resources};
use crate::assert_none;
use crate::yaml::Node;

/// Who compares mailed codes, and who opens TOTP secrets.
const TAKE_CODES: [&str; 2] = ["VerifyOtpFunction", "PasswordFunction"];
const OPEN_SECRETS: [&str; 2] = ["VerifyOtpFunction", "FactorsFunction"];

#[test]
fn verifiers_of_codes_and_tokens_are_updated_before_issuers() {
    let all = functions();
    let checkers: Vec<_> = all
        .iter()
        .filter(|one| reads(one, "TOKEN_PUBLIC_KEYS") && !reads(one, "TOKEN_SIGNING_SECRET"))
        .map(|one| one.name)
        .collect();
    let faults: Vec<_> = all
        .iter()
        // It makes what the others are given, so it comes before all of them.
        .filter(|one| one.name != "SetupFunction")
        .filter_map(|one| {
            let makes_codes = reads(one, "PEPPER") && !one.node.mentions("TOKEN_");
            let first = match (reads(one, "TOKEN_SIGNING_SECRET"), makes_codes) {
                (true, _) => &checkers[..],
                (_, true) => &TAKE_CODES[..],
                _ => return None,
            };
            must_follow(one, first)
        })
        .collect();
    assert!(
        !checkers.is_empty(),
        "the template names the variables otherwise"
    );
    assert_none(&faults);
}

#[test]
fn secrets_are_encrypted_again_when_all_readers_have_the_new_pepper() {
    let resealing = resources("Custom::Reseal");
    let faults: Vec<_> = resealing
        .iter()
        .filter_map(|one| must_follow(one, &OPEN_SECRETS))
        .collect();
    assert_eq!(resealing.len(), 1);
    assert_none(&faults);
}

#[test]
fn item_24_peppers_and_keys_are_made_by_the_secret_store_with_256_bits_and_more() {
    let secrets = resources("AWS::SecretsManager::Secret");
    let pairs = ["PepperSecret", "SigningSecret", "ViewerSecret"];
    let keys = secrets.iter().filter(|secret| pairs.contains(&secret.name));
    let mut count = 0;
    for key in keys {
        let length = key
            .node
            .get("Properties.GenerateSecretString.PasswordLength");
        let length: f64 = length.map_or("", Node::text).parse().unwrap_or_default();
        // Each half is a key. Without punctuation there are 62 characters.
        assert!(
            length / 2.0 * 62_f64.log2() >= 256.0,
            "{}: {length} characters",
            key.name
        );
        count += 1;
    }
    assert_eq!(count, pairs.len());
}

fn reads(function: &Resource, variable: &str) -> bool {
    let path = format!("Properties.Environment.Variables.{variable}");
    function.node.get(&path).is_some()
}

fn must_follow(one: &Resource, first: &[&str]) -> Option<String> {
    let before = before(one.node);
    let missing: Vec<_> = first
        .iter()
        .filter(|name| !before.contains(*name))
        .collect();
    (!missing.is_empty()).then(|| {
        format!(
            "template.yaml:{}: {} may be updated before {missing:?}; add what it follows to its \
             DependsOn",
            one.node.line, one.name
        )
    })
}

/// Everything that its `DependsOn` names, and what those name.
fn before(node: &Node) -> BTreeSet<&'static str> {
    let all = functions();
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&Node> = vec![node];
    while let Some(node) = waiting.pop() {
        let named = node.get("DependsOn").map(Node::texts).unwrap_or_default();
        for function in all.iter().filter(|one| named.contains(&one.name)) {
            if found.insert(function.name) {
                waiting.push(function.node);
            }
        }
    }
    found
}
