//! `cargo xtask test`: every check of the repository, the fastest first.

mod broker;
mod contract;
mod discovery;
mod pymongo;
mod report;
mod selected;
mod steps;
mod tally;
mod template;

use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::artifacts::Artifacts;
use crate::prerequisites::{self, Prerequisite};
use crate::workspace::Workspace;
use crate::{output, signals};
pub use report::Report;
use report::StepResult;
use steps::STEPS;
use tally::Tally;
pub use tally::TestResult;

#[derive(Args, Default)]
pub struct Options {
    /// Run only the tests whose name contains this: `history`, `rooms::an_owner`
    filter: Option<String>,
    /// Run only the tests of this package: `store`, `e2e`, `xtask`
    #[arg(long, short, value_name = "PACKAGE", conflicts_with = "only")]
    package: Option<String>,
    /// Run only the steps of this area; may be repeated
    #[arg(long, value_enum, conflicts_with = "filter")]
    only: Vec<Area>,
    /// Go on with the next step after a failure
    #[arg(long)]
    keep_going: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Area {
    /// Formatting, clippy, the documentation, and the repository's rules
    Lint,
    /// The OpenAPI and AsyncAPI documents, validated by public tools
    Contract,
    /// AWS's tools on `template.yaml`
    Template,
    /// The tests of each package
    Unit,
    /// The embedded MongoDB with Python's driver
    Mongo,
    /// The whole service, driven from outside
    E2e,
}

pub struct Context {
    workspace: Workspace,
    artifacts: Artifacts,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let report = run_steps(options)?;
    report.print();
    Ok(if report.has_failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Runs the tests whose name contains `filter`, for `checklist`.
pub fn run_those_named(filter: &str) -> anyhow::Result<Report> {
    run_steps(&Options {
        filter: Some(filter.to_owned()),
        keep_going: true,
        ..Options::default()
    })
}

fn run_steps(options: &Options) -> anyhow::Result<Report> {
    let workspace = Workspace::load()?;
    let context = Context {
        artifacts: Artifacts::of(&workspace, false),
        workspace,
    };
    if options.filter.is_some() || options.package.is_some() {
        return selected::run(&context, options);
    }
    prerequisites::ensure(&prerequisites(options))?;
    let mut report = Report::default();
    for step in STEPS.iter().filter(|step| options.want(step)) {
        if report.has_failed() && !options.keep_going {
            report.add(step.name, StepResult::NotRun);
            continue;
        }
        output::step(&format!("{}: {}", step.name, step.what));
        let started = Instant::now();
        let outcome = (step.run)(&context);
        if signals::received().is_some() {
            anyhow::bail!("interrupted");
        }
        let tally = outcome.unwrap_or_else(|error| {
            output::line(&format!("error: {error:#}"));
            if let Some(command) = step.remedy {
                output::line(&format!("    `{command}` fixes this in most cases"));
            }
            Tally::broken()
        });
        let took = started.elapsed();
        output::line(&format!(
            "<== {} {} in {}",
            step.name,
            if tally.is_good() { "passed" } else { "FAILED" },
            output::duration(took)
        ));
        report.add(step.name, StepResult::Ran { tally, took });
    }
    Ok(report)
}

impl Options {
    fn want(&self, step: &steps::Step) -> bool {
        self.only.is_empty() || step.areas.iter().any(|area| self.only.contains(area))
    }
}

/// The prerequisites of the selected steps.
fn prerequisites(options: &Options) -> Vec<&'static Prerequisite> {
    let wanted = |area| {
        STEPS
            .iter()
            .any(|step| step.areas.contains(&area) && options.want(step))
    };
    let mut list = prerequisites::DEV.to_vec();
    if wanted(Area::Template) || wanted(Area::Mongo) {
        list.extend(prerequisites::PYTHON);
    }
    if wanted(Area::Template) {
        list.extend(prerequisites::CLOUD);
    }
    if wanted(Area::Contract) {
        list.extend(prerequisites::CONTRACT);
    }
    if wanted(Area::E2e) {
        list.extend(prerequisites::BROWSER);
        list.extend(prerequisites::API);
    }
    list
}
