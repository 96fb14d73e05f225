//! The tests that documents name.

use std::collections::BTreeSet;

use crate::assert_none;
use crate::repository::{rust_files, text_of};

#[test]
fn tests_that_the_data_model_names_exist() {
    let functions = functions(rust_files(&[]).map(|file| file.text.as_str()));
    let faults = missing(
        "docs/data-model.md",
        text_of("docs/data-model.md"),
        &functions,
    );
    assert_none(&faults);
}

/// The functions that `texts` define.
fn functions<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    texts
        .flat_map(str::lines)
        .filter_map(|line| line.trim_start().split_once("fn "))
        .filter(|(before, _)| matches!(*before, "" | "async "))
        .filter_map(|(_, rest)| rest.split_once('('))
        .map(|(name, _)| name)
        .collect()
}

/// The names in the column `test` that no function has, and the rows without one.
fn missing(path: &str, document: &str, functions: &BTreeSet<&str>) -> Vec<String> {
    let lines = (1..).zip(document.lines());
    let table = lines
        .skip_while(|(_, line)| !line.ends_with("| test |"))
        .skip(2)
        .take_while(|(_, line)| line.starts_with('|'));
    let mut faults = Vec::new();
    for (number, row) in table {
        let cell = row.trim_end_matches([' ', '|']).rsplit(" | ").next();
        let names: Vec<&str> = cell
            .unwrap_or_default()
            .split('`')
            .skip(1)
            .step_by(2)
            .collect();
        if names.is_empty() {
            faults.push(format!("{path}:{number}: the row names no test"));
        }
        let unknown = names.iter().filter(|name| !functions.contains(*name));
        faults.extend(unknown.map(|name| {
            format!("{path}:{number}: no test is called {name}; name one that exists")
        }));
    }
    faults
}

#[test]
fn a_test_that_does_not_exist_is_found() {
    let functions = functions(["async fn one() {}", "    fn two() {}"].into_iter());
    let table = |cell: &str| format!("| pair | test |\n| --- | --- |\n| `a` | {cell} |\n\ntext");
    assert!(missing("a.md", &table("`one`, `two`"), &functions).is_empty());
    assert_eq!(
        missing("a.md", &table("`one`, `three`"), &functions),
        ["a.md:3: no test is called three; name one that exists"]
    );
    assert_eq!(
        missing("a.md", &table("none"), &functions),
        ["a.md:3: the row names no test"]
    );
}
