//! The steps of `cargo xtask test`, in the order in which they run.

use std::env;
use std::process::Command;

use anyhow::bail;

use super::broker::{self, Broker};
use super::tally::{self, Tally};
use super::{Area, Context, contract, pymongo, template};
use crate::child;
use crate::prerequisites;
use crate::prerequisites::python::{MOTO, SCHEMATHESIS};
use crate::workspace::SELECTION;

pub struct Step {
    pub name: &'static str,
    /// Printed when the step begins.
    pub what: &'static str,
    /// The areas that select it, directly or as a preparation for a later step.
    pub areas: &'static [Area],
    pub run: fn(&Context) -> anyhow::Result<Tally>,
    /// The command that fixes most failures.
    pub remedy: Option<&'static str>,
}

/// Steps that take seconds come before those that take minutes.
pub const STEPS: &[Step] = &[
    Step {
        name: "rustfmt",
        what: "formatting",
        areas: &[Area::Lint],
        run: rustfmt,
        remedy: Some("cargo fmt --all"),
    },
    Step {
        name: "rules",
        what: "the repository's rules",
        areas: &[Area::Lint],
        run: rules,
        remedy: None,
    },
    Step {
        name: "openapi",
        what: "docs/openapi.json, validated by Redocly",
        areas: &[Area::Contract],
        run: contract::openapi,
        remedy: None,
    },
    Step {
        name: "asyncapi",
        what: "docs/asyncapi.json, validated by AsyncAPI's parser",
        areas: &[Area::Contract],
        run: contract::asyncapi,
        remedy: None,
    },
    Step {
        name: "sam validate",
        what: "template.yaml, as SAM reads it",
        areas: &[Area::Template],
        run: |context| template::validate(context, &[]),
        remedy: None,
    },
    Step {
        name: "sam lint",
        what: "template.yaml, as SAM transforms it",
        areas: &[Area::Template],
        run: |context| template::validate(context, &["--lint"]),
        remedy: None,
    },
    Step {
        name: "cfn-lint",
        what: "template.yaml, checked by CloudFormation's linter",
        areas: &[Area::Template],
        run: template::lint,
        remedy: None,
    },
    Step {
        name: "cloudfront",
        what: "the CloudFront functions, executed",
        areas: &[Area::Template],
        run: template::cloudfront_functions,
        remedy: None,
    },
    Step {
        name: "checkov",
        what: "bad practices in template.yaml",
        areas: &[Area::Template],
        run: template::checkov,
        remedy: None,
    },
    Step {
        name: "deployment",
        what: "template.yaml deployed, updated and deleted on an emulator",
        areas: &[Area::Template],
        run: template::emulated_deployment,
        remedy: None,
    },
    Step {
        name: "clippy",
        what: "lints; warnings are errors",
        areas: &[Area::Lint],
        run: clippy,
        remedy: Some("cargo clippy --fix --allow-dirty --workspace --all-targets"),
    },
    Step {
        name: "documentation",
        what: "links and code in comments; warnings are errors",
        areas: &[Area::Lint],
        run: documentation,
        remedy: None,
    },
    Step {
        name: "build",
        what: "functions, runner and tests",
        areas: &[Area::Template, Area::Unit, Area::Mongo, Area::E2e],
        run: build,
        remedy: None,
    },
    Step {
        name: "settings",
        what: "environment variables of functions and template",
        areas: &[Area::Template],
        run: settings,
        remedy: None,
    },
    Step {
        name: "aws",
        what: "rotation and preflight, with moto in place of AWS",
        areas: &[Area::Template],
        run: aws,
        remedy: None,
    },
    Step {
        name: "python",
        what: "functions in Python, with moto in place of DynamoDB",
        areas: &[Area::Template],
        run: python,
        remedy: None,
    },
    Step {
        name: "sam build",
        what: "one function for the cloud",
        areas: &[Area::Template],
        run: template::sam_build,
        remedy: None,
    },
    Step {
        name: "tests",
        what: "the tests of each package",
        areas: &[Area::Unit],
        run: unit,
        remedy: None,
    },
    Step {
        name: "pymongo",
        what: "the embedded MongoDB with Python's driver",
        areas: &[Area::Mongo],
        run: pymongo::run,
        remedy: None,
    },
    Step {
        name: "page",
        what: "the page, as WebAssembly",
        areas: &[Area::E2e],
        run: page,
        remedy: None,
    },
    Step {
        name: "end to end",
        what: "the whole service, driven by clients",
        areas: &[Area::E2e],
        run: end_to_end,
        remedy: None,
    },
];

/// The rules that run the built functions.
const SETTINGS: &str = "variables::";

fn rustfmt(context: &Context) -> anyhow::Result<Tally> {
    let mut cargo = context.workspace.cargo();
    child::run(cargo.args(["fmt", "--all", "--", "--check"]))?;
    Ok(Tally::one())
}

fn rules(context: &Context) -> anyhow::Result<Tally> {
    let mut cargo = context.workspace.cargo();
    cargo
        .args(["test", "--package", "xtask"])
        // A rule names the place; a backtrace would hide it.
        .env("RUST_BACKTRACE", "0");
    tests(&mut cargo, &["--skip", SETTINGS])
}

fn settings(context: &Context) -> anyhow::Result<Tally> {
    let mut cargo = context.workspace.cargo();
    cargo
        .args(["test", "--package", "xtask", "--test", "rules"])
        .env("BANTER_BIN", &context.artifacts.binaries);
    tests(&mut cargo, &["--ignored", SETTINGS])
}

fn aws(context: &Context) -> anyhow::Result<Tally> {
    let mut cargo = context.workspace.cargo();
    cargo
        .args(["test", "--package", "xtask", "--test", "aws"])
        .env("BANTER_AWS", MOTO.programs()?)
        .env("BANTER_BIN", &context.artifacts.binaries);
    tests(&mut cargo, &["--ignored"])
}

/// The tests of functions in Python, which need AWS's runtime interface client.
const IN_PYTHON: &[&str] = &["dynamodb::", "inline_code_of_python"];

fn python(context: &Context) -> anyhow::Result<Tally> {
    let programs = MOTO.programs()?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(
        [programs.clone()]
            .into_iter()
            .chain(env::split_paths(&path)),
    )?;
    let mut cargo = context.workspace.cargo();
    cargo
        .args(["test", "--package", "rehearse", "--test", "runner"])
        .env("MOTO_PROGRAMS", programs)
        .env("PATH", path);
    tests(&mut cargo, &[&["--include-ignored"], IN_PYTHON].concat())
}

fn build(context: &Context) -> anyhow::Result<Tally> {
    let mut cargo = context.workspace.cargo();
    child::run(cargo.arg("build").args(SELECTION).arg("--all-targets"))?;
    Ok(Tally::one())
}

fn clippy(context: &Context) -> anyhow::Result<Tally> {
    let without_features: &[&str] = &["--package=rehearse", "--no-default-features"];
    for selection in [
        SELECTION,
        &["--package=xtask", "--package=page"],
        without_features,
    ] {
        let mut cargo = context.workspace.cargo();
        cargo.arg("clippy").args(selection);
        cargo.args(["--all-targets", "--keep-going"]);
        child::run(cargo.args(["--", "--deny", "warnings"]))?;
    }
    Ok(Tally::one())
}

/// The documentation is for contributors and includes private items.
const RUSTDOC_FLAGS: &str = "--deny warnings --allow rustdoc::private_intra_doc_links";

fn documentation(context: &Context) -> anyhow::Result<Tally> {
    for selection in [SELECTION, &["--package=xtask", "--package=page"]] {
        let mut cargo = context.workspace.cargo();
        cargo.arg("doc").args(selection);
        cargo.args(["--no-deps", "--document-private-items", "--keep-going"]);
        child::run(cargo.env("RUSTDOCFLAGS", RUSTDOC_FLAGS))?;
    }
    Ok(Tally::one())
}

/// MongoDB's own tests, beside the project.
const CRUD_TESTS: &str = "../shared/mongodb-crud-tests";

/// Runs the tests with the services that they need, so that none is skipped.
fn unit(context: &Context) -> anyhow::Result<Tally> {
    let (_, programs) = context.workspace.test_programs();
    let mut cargo = context.workspace.cargo();
    let broker = Broker::unless_given(context)?;
    if let Some(broker) = &broker {
        cargo.env(broker::URL, &broker.url);
    }
    let crud_tests = context.workspace.root.join(CRUD_TESTS);
    if crud_tests.is_dir() {
        cargo.env("MONGODB_CRUD_TESTS", crud_tests);
    }
    cargo.arg("test").args(SELECTION).args(["--lib", "--bins"]);
    let tally = tests(select(&mut cargo, &programs), &[])?;
    let mut cargo = context.workspace.cargo();
    cargo.arg("test").args(SELECTION).arg("--doc");
    let examples = tests(&mut cargo, &[])?;
    Ok(tally.and(examples))
}

fn page(context: &Context) -> anyhow::Result<Tally> {
    context.artifacts.build_page(&context.workspace, false)?;
    // The code that only compiles for the browser.
    let mut cargo = context.workspace.cargo();
    child::run(cargo.args(["run", "--package", "page", "--", "lint"]))?;
    Ok(Tally::one())
}

fn end_to_end(context: &Context) -> anyhow::Result<Tally> {
    let (programs, _) = context.workspace.test_programs();
    if programs.is_empty() {
        bail!("the package e2e in tests/ has no tests");
    }
    let mut cargo = context.workspace.cargo();
    cargo
        .arg("test")
        .args(SELECTION)
        .env("BANTER_BIN", &context.artifacts.binaries)
        .env("BANTER_PAGE", &context.artifacts.page)
        .env(
            "BANTER_SCHEMATHESIS",
            SCHEMATHESIS.programs()?.join("schemathesis"),
        );
    prerequisites::name_browsers(&mut cargo)?;
    tests(select(&mut cargo, &programs), &[])
}

fn select<'c>(cargo: &'c mut Command, programs: &[&str]) -> &'c mut Command {
    for program in programs {
        cargo.args(["--test", program]);
    }
    cargo
}

/// Runs `cargo test` to the end and counts; `options` are for the test programs.
fn tests(cargo: &mut Command, options: &[&str]) -> anyhow::Result<Tally> {
    tally::count(cargo.args(["--no-fail-fast", "--"]).args(options))
}
