//! What we depend on.

use std::collections::BTreeSet;

use crate::assert_none;
use crate::repository::{cargo, files, packages, root, rust_files};

/// Libraries for TLS and cryptography that are not rustls on ring.
const OTHER_TLS: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "boring",
    "native-tls",
    "openssl",
    "openssl-sys",
];

/// What a browser cannot do, or what a rule has no business with.
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
    let locked = locked();
    let mut faults: Vec<_> = locked
        .iter()
        .filter(|(name, _)| OTHER_TLS.contains(&name.as_str()))
        .map(|(name, version)| {
            format!(
                "Cargo.lock: {name} {version} is a second TLS stack; `cargo tree --workspace \
                 --invert {name}` says who brings it; turn that feature off in Cargo.toml"
            )
        })
        .collect();
    for single in ["rustls", "ring", "hyper", "tokio"] {
        let versions = locked.iter().filter(|(name, _)| name == single).count();
        if versions > 1 {
            faults.push(format!(
                "Cargo.lock: {versions} versions of {single}; `cargo tree --workspace \
                 --duplicates` says who wants which"
            ));
        }
    }
    assert_none(&faults);
}

#[test]
fn wire_domain_and_client_are_pure_enough_for_a_browser() {
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
                "crates/{{wire,domain,client}}/Cargo.toml: {name} comes in; `cargo tree --package \
                 client --invert {name}` says how; what a browser runs needs no I/O, clock or chance"
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
    }
    assert_none(&faults);
}

#[test]
fn every_dependency_is_used() {
    let mut faults = Vec::new();
    for package in packages() {
        let folder = package.folder();
        // Packages in its folder are packages of their own.
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
        let words: BTreeSet<_> = text
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .collect();
        for dependency in &package.dependencies {
            if !words.contains(dependency.name.replace('-', "_").as_str()) {
                faults.push(format!(
                    "{folder}/Cargo.toml: {} is used nowhere; remove it",
                    dependency.name
                ));
            }
        }
    }
    assert_none(&faults);
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
                        "{}:{number}: {line} is no public registry; lock it again without a mirror",
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
