//! Who may depend on whom; see "Layout" in `ARCHITECTURE.md`.

use crate::assert_none;
use crate::repository::{Dependency, Package, packages};

/// What a package may use of ours. The first line that fits counts.
const MAY_USE: &[(&str, &[&str])] = &[
    (
        "functions/",
        &[
            "accounts",
            "delivery",
            "edge",
            "credentials",
            "store",
            "outbox",
            "mailer",
            "push",
            "telemetry",
            "webauthn",
            "domain",
            "wire",
        ],
    ),
    ("crates/wire", &[]),
    ("crates/telemetry", &[]),
    ("crates/domain", &["wire"]),
    // Steps that several functions take: they join what does not know each other.
    (
        "crates/accounts",
        &[
            "credentials",
            "outbox",
            "store",
            "telemetry",
            "domain",
            "wire",
        ],
    ),
    ("crates/delivery", &["push", "store", "domain", "wire"]),
    // Each speaks to one thing outside.
    ("crates/", &["telemetry", "domain", "wire"]),
    ("frontend", &["client", "domain", "wire"]),
    // It sees the functions as AWS does: as programs.
    ("local/mongo", &[]),
    ("local", &["local-mongo"]),
    // Drives all of it from outside, as clients do, some of them with our library.
    ("tests", &["client"]),
    // For the operator of a deployment.
    ("xtask/dead-letters", &["outbox", "domain"]),
    ("xtask", &[]),
];

/// The crates that speak to each thing outside.
const OWNERS: &[(&str, &[&str])] = &[
    ("mongodb", &["store"]),
    ("bson", &["store"]),
    ("lapin", &["outbox"]),
    ("lettre", &["mailer"]),
    ("webauthn-rs", &["webauthn"]),
    ("lambda_http", &["edge"]),
    ("lambda_runtime", &["edge"]),
    ("argon2", &["credentials"]),
    ("jsonwebtoken", &["credentials"]),
    // All cryptography, and AWS's signature of a request.
    ("ring", &["credentials", "push"]),
    ("zxcvbn", &["credentials"]),
];

#[test]
fn packages_depend_in_one_direction() {
    let faults: Vec<_> = packages()
        .iter()
        .flat_map(|package| {
            let folder = package.folder();
            let (_, allowed) = MAY_USE
                .iter()
                .find(|(start, _)| folder.starts_with(start))
                .unwrap_or_else(|| panic!("{folder} has no line in MAY_USE; give it one"));
            package
                .dependencies
                .iter()
                .filter(|dependency| dependency.path.is_some())
                .filter(|dependency| !is_server_for_tests(dependency))
                .filter(|dependency| !allowed.contains(&dependency.name.as_str()))
                .map(move |dependency| {
                    format!(
                        "{folder}/Cargo.toml: {} may use {allowed:?}, not {}; move what it needs \
                         to where both may look",
                        package.name, dependency.name
                    )
                })
        })
        .collect();
    assert_none(&faults);
}

/// The embedded MongoDB knows nothing of ours, so a package's tests may run
/// against it; what is deployed may not.
fn is_server_for_tests(dependency: &Dependency) -> bool {
    dependency.kind.as_deref() == Some("dev") && dependency.name == "local-mongo"
}

#[test]
fn each_thing_outside_is_spoken_to_by_one_crate() {
    let ours = |package: &&Package| {
        let folder = package.folder();
        folder.starts_with("functions/") || folder.starts_with("crates/")
    };
    let faults: Vec<_> = packages()
        .iter()
        .filter(ours)
        .flat_map(|package| {
            package.uses().filter_map(move |dependency| {
                let (_, owners) = OWNERS.iter().find(|(name, _)| *name == dependency.name)?;
                (!owners.contains(&package.name.as_str())).then(|| {
                    format!(
                        "{}/Cargo.toml: {} is for {owners:?} in crates/ alone; add what is needed there",
                        package.folder(),
                        dependency.name
                    )
                })
            })
        })
        .collect();
    assert_none(&faults);
}
