//! Fuzzing of the HTTP API: schemathesis generates valid and invalid requests from
//! `docs/openapi.json`, the same ones in each run.

use std::path::PathBuf;
use std::sync::Arc;

use e2e::people::Person;
use e2e::stack::Stack;
use e2e::suite::Test;
use tokio::process::Command;

/// Requests per route, of each kind.
const QUESTIONS: &str = "12";
/// The checks applied to each response.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,negative_data_rejection";

/// `cargo xtask test` says where it is.
fn program() -> Option<PathBuf> {
    std::env::var_os("BANTER_SCHEMATHESIS").map(PathBuf::from)
}

pub fn tests() -> Vec<Test> {
    let tests = e2e::tests![
        authenticated_fuzzing_finds_no_server_error,
        unauthenticated_fuzzing_finds_no_server_error,
    ];
    let prepare = |test: Test| match program() {
        Some(_) => test.patient(),
        None => test.skipped("BANTER_SCHEMATHESIS names no schemathesis"),
    };
    tests.into_iter().map(prepare).collect()
}

async fn authenticated_fuzzing_finds_no_server_error(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    ann.create_group("Tea", &[]).await;
    // Signing out would turn every later response into a 401.
    let without = ["--exclude-path-regex", "^/api/(logout|sessions/.*)$"];
    let bearer = format!("Authorization: Bearer {}", ann.token);
    ask(&stack, &[&without[..], &["--header", &bearer]].concat()).await;
    assert!(ann.is_signed_in().await);
}

async fn unauthenticated_fuzzing_finds_no_server_error(stack: Arc<Stack>) {
    ask(&stack, &[]).await;
}

async fn ask(stack: &Stack, options: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder for what it writes");
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let run = Command::new(program().expect("it was looked for before"))
        .current_dir(folder.path())
        .args(["run", document, "--url", &stack.ready().web])
        .args(["--phases", "coverage,fuzzing", "--checks", CHECKS])
        .args([
            "--max-examples",
            QUESTIONS,
            "--seed",
            "1",
            "--generation-deterministic",
        ])
        .args(["--continue-on-failure", "--no-color", "--warnings", "off"])
        .args(options)
        .kill_on_drop(true)
        .output()
        .await
        .expect("it starts");
    let stdout = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{stdout}\n{errors}");
}
