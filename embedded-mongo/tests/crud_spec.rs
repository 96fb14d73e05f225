//! MongoDB's own CRUD tests, from the folder that `MONGODB_CRUD_TESTS` names or
//! from `shared/mongodb-crud-tests` beside the project.
//!
//! They are written for drivers; here, each operation is sent as the command that
//! a driver would send. What drivers check by themselves is left out and counted.

mod spec;
#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use spec::{Outcome, Summary};
use std::io::Write;
use std::path::PathBuf;
use support::Mongo;

/// How many of a hundred tests must pass.
const WANTED: usize = 70;

fn folder() -> PathBuf {
    match std::env::var_os("MONGODB_CRUD_TESTS") {
        Some(folder) => folder.into(),
        None => {
            let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
            package.join("../../../shared/mongodb-crud-tests")
        }
    }
}

/// Says something to whoever runs the tests, also when they pass.
fn say(what: &str) {
    writeln!(std::io::stderr(), "{what}").expect("the terminal takes a line");
}

#[tokio::test]
async fn the_crud_tests_of_mongodb_pass_or_are_refused_by_name() {
    let folder = folder();
    let Ok(entries) = std::fs::read_dir(&folder) else {
        say(&format!(
            "SKIPPED: MongoDB's CRUD tests are not at {}; set MONGODB_CRUD_TESTS",
            folder.display()
        ));
        return;
    };
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
    say(&summary.to_string());
    let total = summary.total();
    assert!(total > 200, "only {total} tests were found");
    assert_eq!(summary.count(Outcome::is_failure), 0, "tests failed");
    let passed = summary.count(Outcome::is_pass);
    assert!(
        passed * 100 >= WANTED * total,
        "only {passed} of {total} tests passed"
    );
}
