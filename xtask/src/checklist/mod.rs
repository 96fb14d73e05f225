//! `cargo xtask checklist`: what accounts withstand, item by item, with the tests
//! that show it and how they went.

mod items;

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::test::{self, Heard};
use crate::workspace::Workspace;
use items::Item;

/// The list.
const DOCUMENT: &str = "docs/security-checklist.md";

/// What the name of every test of an item has in it.
const FILTER: &str = "item_";

/// Runs the tests of all items and prints the table.
///
/// # Errors
/// If something that they need cannot be installed.
pub fn run() -> anyhow::Result<ExitCode> {
    let path = Workspace::load()?.root.join(DOCUMENT);
    let document =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let report = test::run_those_named(FILTER)?;
    report.print();
    let mut tests: BTreeMap<usize, Vec<&Heard>> = BTreeMap::new();
    for heard in report.tests() {
        for number in items::shown_by(&heard.name) {
            tests.entry(number).or_default().push(heard);
        }
    }
    println!();
    let mut all_hold = !report.has_failed();
    for item in items::read(&document) {
        let shown = tests.remove(&item.number).unwrap_or_default();
        all_hold &= print(&item, &shown);
    }
    Ok(if all_hold {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// One item, and whether it holds.
fn print(item: &Item, tests: &[&Heard]) -> bool {
    let holds = !tests.is_empty() && tests.iter().all(|test| test.passed);
    let verdict = match (&item.waits, tests) {
        (Some(waits), []) => format!("waits {waits}"),
        (None, []) => "NO TEST".to_owned(),
        _ if holds => "passed".to_owned(),
        _ => "FAILED".to_owned(),
    };
    println!("{:>2}  {verdict:<9}  {}", item.number, item.claim);
    for test in tests {
        let mark = if test.passed { "" } else { "  FAILED" };
        println!("               {}{mark}", test.name);
    }
    holds || (item.waits.is_some() && tests.is_empty())
}
