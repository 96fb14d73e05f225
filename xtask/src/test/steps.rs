//! The steps of `cargo xtask test`, in the order in which they run.

use std::process::Command;

use anyhow::bail;

use super::tally::{self, Tally};
use super::{Area, Context, pymongo, template};
use crate::child;
use crate::needs::python::SCHEMATHESIS;
use crate::needs::{browser, node};
use crate::workspace::TOGETHER;

/// One step.
pub struct Step {
    /// Its name in the table.
    pub name: &'static str,
    /// What it does, for whoever waits for it.
    pub what: &'static str,
    /// What it is about, or what later steps about these things need.
    pub areas: &'static [Area],
    /// Whether it has its part in running a few tests by name.
    pub serves_a_filter: bool,
    /// Runs it.
    pub run: fn(&Context) -> anyhow::Result<Tally>,
}

/// All steps. What fails in seconds comes before what takes minutes.
pub const STEPS: &[Step] = &[
    Step {
        name: "rustfmt",
        what: "is everything formatted?",
        areas: &[Area::Lint],
        serves_a_filter: false,
        run: rustfmt,
    },
    Step {
        name: "rules",
        what: "the repository's own rules",
        areas: &[Area::Lint],
        serves_a_filter: true,
        run: rules,
    },
    Step {
        name: "sam validate",
        what: "does SAM understand template.yaml?",
        areas: &[Area::Template],
        serves_a_filter: false,
        run: |context| template::validate(context, &[]),
    },
    Step {
        name: "sam lint",
        what: "does SAM accept what it makes of template.yaml?",
        areas: &[Area::Template],
        serves_a_filter: false,
        run: |context| template::validate(context, &["--lint"]),
    },
    Step {
        name: "cfn-lint",
        what: "does CloudFormation's linter accept template.yaml?",
        areas: &[Area::Template],
        serves_a_filter: false,
        run: template::lint,
    },
    Step {
        name: "cloudfront",
        what: "do the functions of CloudFront do what they should?",
        areas: &[Area::Template],
        serves_a_filter: false,
        run: template::cloudfront_functions,
    },
    Step {
        name: "checkov",
        what: "are there bad habits in template.yaml without a reason?",
        areas: &[Area::Template],
        serves_a_filter: false,
        run: template::checkov,
    },
    Step {
        name: "clippy",
        what: "a warning is an error",
        areas: &[Area::Lint],
        serves_a_filter: false,
        run: clippy,
    },
    Step {
        name: "build",
        what: "functions, runner and tests",
        areas: &[Area::Template, Area::Unit, Area::Mongo, Area::E2e],
        serves_a_filter: true,
        run: build,
    },
    Step {
        name: "settings",
        what: "does each function read what the template gives it?",
        areas: &[Area::Template],
        serves_a_filter: false,
        run: settings,
    },
    Step {
        name: "sam build",
        what: "one function as for the cloud: can Lambda run it?",
        areas: &[Area::Template],
        serves_a_filter: false,
        run: template::sam_build,
    },
    Step {
        name: "tests",
        what: "the tests of each package",
        areas: &[Area::Unit],
        serves_a_filter: true,
        run: unit,
    },
    Step {
        name: "pymongo",
        what: "the embedded MongoDB and Python's driver",
        areas: &[Area::Mongo],
        serves_a_filter: false,
        run: pymongo::run,
    },
    Step {
        name: "page",
        what: "the page, as WebAssembly",
        areas: &[Area::E2e],
        serves_a_filter: true,
        run: page,
    },
    Step {
        name: "end to end",
        what: "people who register, sign in and talk",
        areas: &[Area::E2e],
        serves_a_filter: true,
        run: end_to_end,
    },
];

/// The rules that look at built functions.
const SETTINGS: &str = "variables::";

fn rustfmt(context: &Context) -> anyhow::Result<Tally> {
    let mut cargo = context.workspace.cargo();
    child::run(cargo.args(["fmt", "--all", "--", "--check"]))?;
    Ok(Tally::one())
}

fn rules(context: &Context) -> anyhow::Result<Tally> {
    let mut cargo = context.workspace.cargo();
    cargo.args(["test", "--package", "xtask"]);
    tests(context, &mut cargo, &["--skip", SETTINGS])
}

/// What the template gives to the functions, and what they read: needs them built.
fn settings(context: &Context) -> anyhow::Result<Tally> {
    let mut cargo = context.workspace.cargo();
    cargo
        .args(["test", "--package", "xtask", "--test", "rules"])
        .env("BANTER_BIN", &context.artifacts.binaries);
    tests(context, &mut cargo, &["--ignored", SETTINGS])
}

/// Everything that the next steps run, in one go.
fn build(context: &Context) -> anyhow::Result<Tally> {
    let mut cargo = context.workspace.cargo();
    child::run(cargo.arg("build").args(TOGETHER).arg("--all-targets"))?;
    Ok(Tally::one())
}

fn clippy(context: &Context) -> anyhow::Result<Tally> {
    for selection in [TOGETHER, &["--package=xtask", "--package=page"]] {
        let mut cargo = context.workspace.cargo();
        cargo.arg("clippy").args(selection);
        cargo.args(["--all-targets", "--keep-going"]);
        child::run(cargo.args(["--", "--deny", "warnings"]))?;
    }
    Ok(Tally::one())
}

fn unit(context: &Context) -> anyhow::Result<Tally> {
    let (_, programs) = context.workspace.test_programs();
    let mut cargo = context.workspace.cargo();
    cargo.arg("test").args(TOGETHER).args(["--lib", "--bins"]);
    let tally = tests(context, select(&mut cargo, &programs), &[])?;
    let mut cargo = context.workspace.cargo();
    cargo.arg("test").args(TOGETHER).arg("--doc");
    let examples = tests(context, &mut cargo, &[])?;
    Ok(tally.and(examples))
}

fn page(context: &Context) -> anyhow::Result<Tally> {
    context.artifacts.build_page(&context.workspace, false)?;
    // The part of it that only compiles for the browser.
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
        .args(TOGETHER)
        .env("BANTER_BIN", &context.artifacts.binaries)
        .env("BANTER_PAGE", &context.artifacts.page)
        .env(
            "BANTER_SCHEMATHESIS",
            SCHEMATHESIS.programs()?.join("schemathesis"),
        );
    if let (Some(browser), Some(driver)) = (browser::browser(), browser::driver()) {
        cargo
            .env("BANTER_CHROMIUM", browser)
            .env("BANTER_CHROMEDRIVER", driver)
            .env("BANTER_AXE", node::axe()?);
    }
    tests(context, select(&mut cargo, &programs), &[])
}

/// Adds test programs by name.
fn select<'c>(cargo: &'c mut Command, programs: &[&str]) -> &'c mut Command {
    for program in programs {
        cargo.args(["--test", program]);
    }
    cargo
}

/// Runs all the tests of a `cargo test` command, also after one has failed,
/// and counts them. The options are those of the test programs.
fn tests(context: &Context, cargo: &mut Command, options: &[&str]) -> anyhow::Result<Tally> {
    cargo
        .args(["--no-fail-fast", "--"])
        .args(options)
        .args(&context.filter);
    tally::count(cargo)
}
