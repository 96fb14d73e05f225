//! Who may depend on whom; see "Layout" in `ARCHITECTURE.md`.

use crate::assert_none;
use crate::repository::{Dependency, Package, packages};

/// What a package may use of ours. The first line that fits counts.
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
            "telemetry",
            "webauthn",
            "domain",
            "protocol",
        ],
    ),
    ("crates/protocol", &[]),
    ("crates/telemetry", &[]),
    ("crates/domain", &["protocol"]),
    // Steps that several functions take: they join what does not know each other.
    (
        "crates/auth",
        &[
            "crypto",
            "queue",
            "store",
            "telemetry",
            "domain",
            "protocol",
        ],
    ),
    (
        "crates/realtime",
        &["connections", "store", "domain", "protocol"],
    ),
    // Each speaks to one thing outside.
    ("crates/", &["telemetry", "domain", "protocol"]),
    ("frontend", &["chat-client", "domain", "protocol"]),
    // It sees the functions as AWS does: as programs.
    ("embedded-mongo", &[]),
    ("rehearse/template", &[]),
    ("rehearse", &["embedded-mongo", "sam-template"]),
    // Drives all of it from outside, as clients do, some of them with our library.
    ("tests", &["chat-client"]),
    // For the operator of a deployment.
    ("xtask/dead-letters", &["queue", "domain"]),
    // Its rules read the template.
    ("xtask", &["sam-template"]),
];

/// The crates that speak to each thing outside.
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
    // All cryptography, and AWS's signature of a request.
    ("ring", &["crypto", "connections"]),
    ("zxcvbn", &["crypto"]),
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
    dependency.kind.as_deref() == Some("dev") && dependency.name == "embedded-mongo"
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
