//! Every item of `docs/security-checklist.md` has a test.

use std::collections::BTreeMap;

use crate::assert_none;
use crate::repository::{files, rust_files};

use xtask::checklist_items::{self as items, Item};

const DOCUMENT: &str = "docs/security-checklist.md";
const ITEMS: usize = 51;

#[test]
fn every_item_of_the_checklist_has_a_test_that_names_it() {
    let document = files().iter().find(|file| file.path == DOCUMENT);
    let items = items::read(&document.expect("the checklist is there").text);
    let numbers: Vec<usize> = items.iter().map(|item| item.number).collect();
    assert_eq!(numbers, (1..=ITEMS).collect::<Vec<_>>());

    let mut faults = Vec::new();
    let mut shown: BTreeMap<usize, usize> = BTreeMap::new();
    for (place, name) in tests() {
        match items::shown_by(name)[..] {
            [] => faults.push(format!("{place}: {name} has no item number: item_NN_…")),
            ref numbers => {
                for number in numbers {
                    *shown.entry(*number).or_default() += 1;
                }
            }
        }
    }
    let unknown = shown.keys().filter(|number| !(1..=ITEMS).contains(*number));
    faults.extend(
        unknown
            .map(|number| format!("a test is named after item {number}; {DOCUMENT} has {ITEMS}")),
    );
    let missing = items
        .iter()
        .filter(|item| item.waits.is_none() && !shown.contains_key(&item.number));
    faults.extend(missing.map(|item| {
        let Item { number, claim, .. } = item;
        format!("{DOCUMENT}: no test is named item_{number:02}_…, for: {claim}")
    }));
    assert_none(&faults);
}

/// The tests that are named after an item, with their places.
fn tests() -> impl Iterator<Item = (String, &'static str)> {
    let files = rust_files(&[]).filter(|file| !file.path.contains("checklist"));
    files.flat_map(|file| {
        file.lines().filter_map(move |(number, line)| {
            // The checks at the end of a shared stack are named by string literals.
            let named = ["fn item_", "(\"item_", "  \"item_"].map(|start| line.split_once(start));
            let (_, rest) = named.into_iter().flatten().next()?;
            let name = &line[line.len() - rest.len() - "item_".len()..];
            let name = name.split(['(', '"']).next().unwrap_or_default();
            Some((format!("{}:{number}", file.path), name))
        })
    })
}

#[test]
fn a_test_shows_the_items_that_its_name_begins_with() {
    for (name, numbers) in [
        ("item_09_a_resend", vec![9]),
        ("codes::item_03_04_at_once", vec![3, 4]),
        ("codes::an_item_09_of", vec![]),
        ("item_9_a_resend", vec![]),
    ] {
        assert_eq!(items::shown_by(name), numbers, "{name}");
    }
}
