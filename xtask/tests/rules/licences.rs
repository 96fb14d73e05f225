//! Licences of dependencies. `cargo deny` uses the same list in `deny.toml`.

use serde::Deserialize;

use crate::assert_none;
use crate::repository::{cargo, files};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Licensed>,
}

#[derive(Deserialize)]
struct Licensed {
    name: String,
    license: Option<String>,
    source: Option<String>,
}

#[test]
fn every_package_is_from_crates_io_and_under_a_licence_of_the_list() {
    let deny = files().iter().find(|file| file.path == "deny.toml");
    let allowed = allowed(&deny.expect("deny.toml is there").text);
    assert!(allowed.contains(&"MIT"), "{allowed:?}");
    let text = cargo(&["metadata", "--format-version=1", "--locked"]);
    let metadata: Metadata = serde_json::from_str(&text).expect("cargo's own format");
    let mut faults = Vec::new();
    for package in &metadata.packages {
        let name = &package.name;
        let from = package.source.as_deref();
        if from.is_some_and(|from| !from.ends_with("github.com/rust-lang/crates.io-index")) {
            faults.push(format!(
                "Cargo.lock: {name} comes from {from:?}, not from crates.io"
            ));
        }
        let licence = package.license.as_deref().unwrap_or_default();
        if !may_be_used(licence, &allowed) {
            faults.push(format!(
                "Cargo.lock: {name} is under {licence:?}, which deny.toml does not allow; use \
                 another crate, or allow it there with a reason"
            ));
        }
    }
    assert_none(&faults);
}

fn allowed(deny: &str) -> Vec<&str> {
    let (_, rest) = deny.split_once("\nallow = [").expect("it has a list");
    let (list, _) = rest.split_once(']').expect("the list ends");
    list.split('"').skip(1).step_by(2).collect()
}

/// Whether an SPDX expression is satisfied. `AND` binds stronger than `OR` and the older `/`.
fn may_be_used(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.trim();
    let parts = |word: &str| at_top(expression, word);
    for either in [" OR ", "/"] {
        if let Some((one, other)) = parts(either) {
            return may_be_used(one, allowed) || may_be_used(other, allowed);
        }
    }
    if let Some((one, other)) = parts(" AND ") {
        return may_be_used(one, allowed) && may_be_used(other, allowed);
    }
    match expression.strip_prefix('(') {
        Some(inner) => may_be_used(inner.trim_end_matches(')'), allowed),
        None => allowed.contains(&expression),
    }
}

/// Both sides of the first `word` outside parentheses.
fn at_top<'t>(text: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    text.match_indices(word).find_map(|(at, _)| {
        let before = &text[..at];
        let is_outside = before.matches('(').count() == before.matches(')').count();
        is_outside.then(|| (before, &text[at + word.len()..]))
    })
}

#[test]
fn an_expression_is_read_as_spdx_means_it() {
    let allowed = ["MIT", "ISC"];
    for (expression, may) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("ISC AND (GPL-3.0 OR AGPL-3.0)", false),
        ("", false),
    ] {
        assert_eq!(may_be_used(expression, &allowed), may, "{expression}");
    }
}
