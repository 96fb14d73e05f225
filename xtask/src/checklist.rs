//! `cargo xtask checklist`: runs the tests of every item of the security checklist.

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::test::{self, TestResult};
use crate::workspace::Workspace;
use xtask::checklist_items::{self as items, Item};

const DOCUMENT: &str = "docs/security-checklist.md";

/// Part of the name of every test of an item.
const FILTER: &str = "item_";

pub fn run() -> anyhow::Result<ExitCode> {
    let path = Workspace::load()?.root.join(DOCUMENT);
    let document =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let report = test::run_those_named(FILTER)?;
    report.print();
    let mut tests: BTreeMap<usize, Vec<&TestResult>> = BTreeMap::new();
    for test in report.tests() {
        for number in items::shown_by(&test.name) {
            tests.entry(number).or_default().push(test);
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

/// Prints one item; returns whether it passed.
fn print(item: &Item, tests: &[&TestResult]) -> bool {
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
