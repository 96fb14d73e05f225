//! Secrets are compared in constant time.

use crate::assert_none;
use crate::repository::rust_files;

/// Names of values whose comparison must not depend on their content.
const SECRET: &[&str] = &["hash", "tag", "mac", "otp", "digest", "signature", "pepper"];

/// `==` returns at the first difference; ring's `verify` and argon2's compare everything.
#[test]
fn item_12_nothing_secret_is_compared_by_an_equals_sign() {
    let faults: Vec<_> = rust_files(&["crates", "functions"])
        .filter(|file| !file.is_aside())
        .flat_map(|file| {
            file.lines_outside_tests()
                .filter(|(_, line)| compares_a_secret(line))
                .map(|(number, _)| {
                    format!(
                        "{}:{number}: compares a secret with ==; use \
                         crypto::Pepper",
                        file.path
                    )
                })
        })
        .collect();
    assert_none(&faults);
}

fn compares_a_secret(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    ["==", "!=", ".eq(", ".cmp("].iter().any(|sign| {
        code.match_indices(sign).any(|(at, _)| {
            let words = |text: &str| -> Vec<String> {
                text.split(|c: char| !c.is_alphanumeric())
                    .map(str::to_owned)
                    .collect()
            };
            let before = words(&code[..at]);
            let after = words(&code[at + sign.len()..]);
            let mut nearest = before.iter().rev().take(4).chain(after.iter().take(4));
            nearest.any(|word| SECRET.contains(&word.as_str()))
        })
    })
}

#[test]
fn a_comparison_of_a_secret_is_recognised() {
    assert!(compares_a_secret("if kept.code_hash() == given {"));
    assert!(compares_a_secret("given != tag.as_ref()"));
    assert!(!compares_a_secret(
        "if pepper.is_code(c, purpose, code, hash) {"
    ));
    assert!(!compares_a_secret("// a hash == a hash"));
    assert!(!compares_a_secret("count == 3"));
}
