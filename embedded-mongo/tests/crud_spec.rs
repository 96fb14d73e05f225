//! MongoDB's own CRUD tests, from the folder that `MONGODB_CRUD_TESTS` names or
//! from `shared/mongodb-crud-tests` beside the project.
//!
//! The tests are written for drivers. Each operation is sent as the command that a
//! driver would send; checks that drivers make on the client side are skipped and
//! counted.

mod spec;
#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::io::Write;
use std::path::PathBuf;

use spec::{Outcome, Summary};
use support::Mongo;

/// Percentage of the tests that must pass.
const MIN_PASSED_PERCENT: usize = 70;

/// The folder that `MONGODB_CRUD_TESTS` names, which must exist, or the one beside the
/// project if it is there.
fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("MONGODB_CRUD_TESTS") {
        return Some(folder.into());
    }
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = package.join("../../shared/mongodb-crud-tests");
    folder.is_dir().then_some(folder)
}

/// Prints to the terminal even if the test passes.
fn print(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("standard error is writable");
}

#[tokio::test]
async fn mongodb_crud_tests_pass_or_are_rejected_by_name() {
    let Some(folder) = folder() else {
        print("SKIPPED: MongoDB's CRUD tests are not here; set MONGODB_CRUD_TESTS");
        return;
    };
    let entries = std::fs::read_dir(&folder).expect("MONGODB_CRUD_TESTS is a folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    let mongo = Mongo::start().await;
    let mut summary = Summary::default();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("the file can be read");
        let source = serde_json::from_str(&text).expect("the file is JSON");
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        spec::run(&mongo.client, &name, &source, &mut summary).await;
    }
    print(&summary.to_string());
    let total = summary.total();
    assert!(total > 200, "only {total} tests were found");
    assert_eq!(summary.count(Outcome::is_failure), 0, "tests failed");
    let passed = summary.count(Outcome::is_pass);
    assert!(
        passed * 100 >= MIN_PASSED_PERCENT * total,
        "only {passed} of {total} tests passed"
    );
}
