//! The runner runs any template: it must not depend on Banter.

use std::collections::BTreeSet;

use crate::assert_none;
use crate::repository::{files, packages};

/// Words that belong to Banter, besides the names of its functions.
const WORDS: [&str; 3] = ["banter", "x-viewer-address", "x-viewer-proof"];

#[test]
fn the_runner_contains_no_name_of_banter() {
    let functions: BTreeSet<_> = packages()
        .iter()
        .filter(|package| package.folder().starts_with("functions/"))
        .map(|package| package.name.clone())
        // Others are ordinary words.
        .filter(|name| name.contains('-') && name != "fan-out")
        .collect();
    assert!(functions.len() >= 5, "{functions:?}");
    let faults: Vec<_> =
        files()
            .iter()
            .filter(|file| file.path.starts_with("rehearse/"))
            .flat_map(|file| {
                let functions = &functions;
                file.lines().flat_map(move |(number, line)| {
                    let line = line.to_lowercase();
                    let words = WORDS
                        .into_iter()
                        .chain(functions.iter().map(String::as_str));
                    let found: Vec<_> = words.filter(|word| line.contains(word)).collect();
                    found.into_iter().map(move |word| {
                    format!(
                        "{}:{number}: `{word}` is a name of Banter; take it from the template",
                        file.path
                    )
                }).collect::<Vec<_>>()
                })
            })
            .collect();
    assert_none(&faults);
}
