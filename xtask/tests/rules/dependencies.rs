//! Dependencies.

use crate::assert_none;
use crate::repository::{cargo, files, packages, root, rust_files};

/// Libraries for TLS and cryptography other than rustls on ring.
const OTHER_TLS: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "boring",
    "native-tls",
    "openssl",
    "openssl-sys",
];

/// Crates that do I/O, read a clock or randomness, or do not run in a browser.
const IMPURE: &[&str] = &[
    "chrono",
    "getrandom",
    "hyper",
    "libc",
    "mio",
    "rand",
    "ring",
    "rustix",
    "socket2",
    "time",
    "tokio",
    "tracing",
];

#[test]
fn there_is_one_tls_stack() {
    assert_none(&other_tls(&locked()));
}

fn other_tls(locked: &[(String, String)]) -> Vec<String> {
    let mut faults: Vec<_> = locked
        .iter()
        .filter(|(name, _)| OTHER_TLS.contains(&name.as_str()))
        .map(|(name, version)| {
            format!(
                "Cargo.lock: {name} {version} is a second TLS stack; `cargo tree --workspace \
                 --invert {name}` shows why; turn that feature off in Cargo.toml"
            )
        })
        .collect();
    for single in ["rustls", "ring", "hyper", "tokio"] {
        let versions = locked.iter().filter(|(name, _)| name == single).count();
        if versions > 1 {
            faults.push(format!(
                "Cargo.lock: {versions} versions of {single}; `cargo tree --workspace \
                 --duplicates` shows why"
            ));
        }
    }
    faults
}

#[test]
fn a_second_tls_stack_is_refused() {
    let locked = |names: &[&str]| -> Vec<_> {
        let names = names.iter();
        names
            .map(|name| ((*name).to_owned(), "1.0.0".to_owned()))
            .collect()
    };
    assert!(other_tls(&locked(&["rustls", "ring", "tokio"])).is_empty());
    assert_eq!(other_tls(&locked(&["rustls", "openssl-sys"])).len(), 1);
    assert_eq!(other_tls(&locked(&["rustls", "rustls"])).len(), 1);
}

#[test]
fn protocol_domain_and_chat_client_depend_on_no_io() {
    let tree = cargo(&[
        "tree",
        "--package=protocol",
        "--package=domain",
        "--package=chat-client",
        "--edges=normal",
        "--target=wasm32-unknown-unknown",
        "--prefix=none",
        "--format={lib}",
        "--locked",
    ]);
    let faults: Vec<_> = IMPURE
        .iter()
        .filter(|name| tree.lines().any(|line| line.trim() == **name))
        .map(|name| {
            format!(
                "crates/{{protocol,domain,chat-client}}: {name} is a dependency; `cargo tree --package \
                 chat-client --invert {name}` shows the path; these crates do no I/O"
            )
        })
        .collect();
    assert!(tree.contains("unicode_normalization"), "no tree:\n{tree}");
    assert_none(&faults);
}

#[test]
fn every_version_stands_in_the_one_list_and_every_lint_is_the_workspaces() {
    let mut faults = Vec::new();
    for package in packages() {
        let path = format!("{}/Cargo.toml", package.folder());
        let text = std::fs::read_to_string(root().join(&path)).expect("cargo has read it");
        faults.extend(faults_of_manifest(&path, &text));
    }
    assert_none(&faults);
}

fn faults_of_manifest(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut in_dependencies = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with('[') {
            in_dependencies = line.trim_end_matches(']').ends_with("dependencies");
        } else if in_dependencies && line.contains('=') && !line.contains("workspace = true") {
            faults.push(format!(
                "{path}:{number}: write `….workspace = true` and the version into the \
                 workspace's Cargo.toml"
            ));
        }
    }
    if !text.contains("[lints]\nworkspace = true") {
        faults.push(format!("{path}: add `[lints]` with `workspace = true`"));
    }
    faults
}

#[test]
fn a_manifest_with_a_version_or_without_lints_is_refused() {
    let good = "[lints]\nworkspace = true\n[dependencies]\nserde.workspace = true\n";
    assert!(faults_of_manifest("a", good).is_empty());
    let version = good.replace("serde.workspace = true", "serde = \"1\"");
    assert_eq!(faults_of_manifest("a", &version).len(), 1);
    let lints = good.replace("[lints]", "[features]");
    assert_eq!(faults_of_manifest("a", &lints).len(), 1);
}

#[test]
fn every_dependency_is_used() {
    let mut faults = Vec::new();
    for package in packages() {
        let folder = package.folder();
        // Packages in subfolders are packages of their own.
        let inner: Vec<_> = packages()
            .iter()
            .map(|other| format!("{}/", other.folder()))
            .filter(|other| other.len() > folder.len() + 1)
            .filter(|other| other.starts_with(&format!("{folder}/")))
            .collect();
        let text: String = rust_files(&[&folder])
            .filter(|file| !inner.iter().any(|other| file.path.starts_with(other)))
            .map(|file| file.text.as_str())
            .collect();
        for dependency in &package.dependencies {
            if !uses(&text, &dependency.name.replace('-', "_")) {
                faults.push(format!(
                    "{folder}/Cargo.toml: {} is not used; remove it",
                    dependency.name
                ));
            }
        }
    }
    assert_none(&faults);
}

/// Whether a path in the code begins with `library`, or an attribute or a `use` names it. Comments
/// do not count.
fn uses(text: &str, library: &str) -> bool {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .any(|code| {
            code.match_indices(library).any(|(at, _)| {
                let before = code[..at].trim_end();
                let after = &code[at + library.len()..];
                let is_whole = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
                    && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                let is_use = before.ends_with("use") && after.starts_with([';', ' ']);
                is_whole && (after.starts_with("::") || is_use)
            })
        })
}

#[test]
fn a_dependency_is_used_by_a_path_or_an_import() {
    assert!(uses("use serde::Deserialize;", "serde"));
    assert!(uses("use time as clock;", "time"));
    assert!(uses("let id = domain::Id::new();", "domain"));
    assert!(!uses("// domain::Id is elsewhere", "domain"));
    assert!(!uses("let domain = host.domain;", "domain"));
    assert!(!uses("use serde_json::Value;", "serde"));
}

#[test]
fn locked_packages_come_from_the_public_registries() {
    const CRATES: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    const NPM: &str = "\"resolved\": \"https://registry.npmjs.org/";
    let faults: Vec<_> = files()
        .iter()
        .flat_map(|file| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            let (start, right) = match name {
                "Cargo.lock" => ("source = ", CRATES),
                "package-lock.json" => ("\"resolved\": ", NPM),
                _ => ("\0", ""),
            };
            file.lines()
                .map(|(number, line)| (number, line.trim()))
                .filter(move |(_, line)| line.starts_with(start) && !line.starts_with(right))
                .map(|(number, line)| {
                    format!(
                        "{}:{number}: {line} is not a public registry; lock it again without a mirror",
                        file.path
                    )
                })
        })
        .collect();
    assert_none(&faults);
}

/// Names and versions in `Cargo.lock`.
fn locked() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).expect("it is committed");
    let value = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let lines: Vec<_> = text.lines().collect();
    lines
        .windows(3)
        .filter(|lines| lines[0] == "[[package]]")
        .filter_map(|lines| Some((value(lines[1])?, value(lines[2])?)))
        .collect()
}
