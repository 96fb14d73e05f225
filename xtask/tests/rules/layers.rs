//! Allowed dependencies between packages; see the invariants in `ARCHITECTURE.md`.

use crate::assert_none;
use crate::repository::{Dependency, Package, packages};

/// The first matching line counts.
const MAY_USE: &[(&str, &[&str])] = &[
    (
        "functions/",
        &[
            "auth",
            "realtime",
            "lambda",
            "crypto",
            "store",
            "queue",
            "email",
            "connections",
            "env",
            "telemetry",
            "webauthn",
            "web-push",
            "domain",
            "protocol",
        ],
    ),
    ("crates/protocol", &[]),
    ("crates/telemetry", &[]),
    ("crates/env", &[]),
    ("crates/domain", &["protocol"]),
    // Shared steps that combine several I/O crates.
    (
        "crates/auth",
        &[
            "crypto",
            "env",
            "queue",
            "store",
            "telemetry",
            "domain",
            "protocol",
        ],
    ),
    (
        "crates/realtime",
        &["connections", "env", "store", "domain", "protocol"],
    ),
    // Renders the jobs that `queue` defines.
    (
        "crates/email",
        &["env", "queue", "telemetry", "domain", "protocol"],
    ),
    // Each talks to one external service.
    ("crates/", &["env", "telemetry", "domain", "protocol"]),
    ("frontend", &["chat-client", "domain", "protocol"]),
    // The runner starts the functions as programs, as AWS does.
    ("embedded-mongo", &[]),
    ("rehearse/template", &[]),
    ("rehearse", &["embedded-mongo", "sam-template"]),
    // Clients of the service.
    ("tests", &["chat-client", "embedded-mongo", "rotation"]),
    // The operator's program.
    ("xtask/dead-letters", &["queue", "domain"]),
    ("xtask/rotation", &[]),
    // Its rules read the template.
    ("xtask", &["sam-template", "rotation"]),
];

/// The crates that may use a library.
const OWNERS: &[(&str, &[&str])] = &[
    ("mongodb", &["store"]),
    ("bson", &["store"]),
    ("lapin", &["queue"]),
    ("lettre", &["email"]),
    ("webauthn-rs", &["webauthn"]),
    ("lambda_http", &["lambda"]),
    ("lambda_runtime", &["lambda"]),
    ("argon2", &["crypto"]),
    ("jsonwebtoken", &["crypto"]),
    // Cryptography, AWS Signature Version 4, and the encryption of notifications.
    ("ring", &["crypto", "connections", "web-push"]),
    ("p256", &["web-push"]),
    ("zxcvbn", &["crypto"]),
];

#[test]
fn packages_depend_in_one_direction() {
    let faults: Vec<_> = packages()
        .iter()
        .flat_map(|package| {
            let folder = package.folder();
            let allowed = allowed(&folder);
            package
                .dependencies
                .iter()
                .filter(|dependency| dependency.path.is_some())
                .filter(|dependency| !is_server_for_tests(dependency))
                .filter(|dependency| !allowed.contains(&dependency.name.as_str()))
                .map(move |dependency| {
                    format!(
                        "{folder}/Cargo.toml: {} may use {allowed:?}, not {}; move the shared code \
                         to a package that both may use",
                        package.name, dependency.name
                    )
                })
        })
        .collect();
    assert_none(&faults);
}

/// The packages that a package in `folder` may use.
fn allowed(folder: &str) -> &'static [&'static str] {
    MAY_USE
        .iter()
        .find(|(start, _)| folder.starts_with(start))
        .map(|(_, allowed)| *allowed)
        .unwrap_or_else(|| panic!("{folder} has no line in MAY_USE; add one"))
}

#[test]
fn a_dependency_against_the_direction_is_refused() {
    assert!(allowed("functions/login").contains(&"store"));
    assert!(!allowed("crates/store").contains(&"auth"));
    assert!(!allowed("crates/domain").contains(&"store"));
    assert!(!allowed("rehearse").contains(&"domain"));
    assert!(!allowed("functions/login").contains(&"rooms"));
}

/// Tests may run against the embedded MongoDB; deployed code may not depend on it.
fn is_server_for_tests(dependency: &Dependency) -> bool {
    dependency.kind.as_deref() == Some("dev") && dependency.name == "embedded-mongo"
}

#[test]
fn each_external_service_is_used_by_one_crate() {
    let ours = |package: &&Package| {
        let folder = package.folder();
        folder.starts_with("functions/") || folder.starts_with("crates/")
    };
    let faults: Vec<_> = packages()
        .iter()
        .filter(ours)
        .flat_map(|package| {
            package.uses().filter_map(move |dependency| {
                let owners = others_own(&package.name, &dependency.name)?;
                Some({
                    format!(
                        "{}/Cargo.toml: {} is restricted to {owners:?} in crates/; add the operation there",
                        package.folder(),
                        dependency.name
                    )
                })
            })
        })
        .collect();
    assert_none(&faults);
}

/// The owners of a library that `package` may not use.
fn others_own(package: &str, library: &str) -> Option<&'static [&'static str]> {
    let (_, owners) = OWNERS.iter().find(|(name, _)| *name == library)?;
    (!owners.contains(&package)).then_some(*owners)
}

#[test]
fn a_library_of_another_crate_is_refused() {
    assert_eq!(others_own("login", "mongodb"), Some(&["store"][..]));
    assert_eq!(others_own("store", "mongodb"), None);
    assert_eq!(others_own("login", "serde"), None);
}
