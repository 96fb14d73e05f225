//! `cargo xtask test`: everything that can say no, quick things first.

mod pymongo;
mod report;
mod steps;
mod tally;
mod template;

use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::artifacts::Artifacts;
use crate::needs::{self, Need};
use crate::workspace::Workspace;
use crate::{say, signals};
pub use report::Report;
use report::Verdict;
use steps::STEPS;
pub use tally::Heard;
use tally::Tally;

/// What to test.
#[derive(Args, Default)]
pub struct Options {
    /// Run only the tests whose name contains this, and no other check.
    filter: Option<String>,
    /// Leave out what is not about this; may be given several times.
    #[arg(long, value_enum)]
    only: Vec<Area>,
    /// Go on with the next step after one has failed.
    #[arg(long)]
    keep_going: bool,
}

/// What a step is about.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Area {
    /// Formatting, clippy, and the repository's own rules.
    Lint,
    /// What AWS's tools say of `template.yaml`.
    Template,
    /// The tests of each package.
    Unit,
    /// The embedded MongoDB and a driver that is not Rust's.
    Mongo,
    /// The whole service, driven from outside.
    E2e,
}

/// What all steps share.
pub struct Context {
    workspace: Workspace,
    artifacts: Artifacts,
    filter: Option<String>,
}

/// Installs what is missing, runs the steps, and says how it went.
///
/// # Errors
/// If something that is needed cannot be installed.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let report = run_steps(options)?;
    report.print();
    Ok(if report.has_failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The same for the tests whose name contains `filter`, to be told of by somebody
/// else.
///
/// # Errors
/// If something that is needed cannot be installed.
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
        filter: options.filter.clone(),
    };
    needs::ensure(&needed(options))?;
    let mut report = Report::default();
    for step in STEPS.iter().filter(|step| options.want(step)) {
        if report.has_failed() && !options.keep_going {
            report.add(step.name, Verdict::NotRun);
            continue;
        }
        say::step(&format!("{}: {}", step.name, step.what));
        let started = Instant::now();
        let outcome = (step.run)(&context);
        if signals::received().is_some() {
            anyhow::bail!("told to end");
        }
        let tally = outcome.unwrap_or_else(|error| {
            say::line(&format!("error: {error:#}"));
            Tally::broken()
        });
        let took = started.elapsed();
        say::line(&format!(
            "<== {} {} in {}",
            step.name,
            if tally.is_good() { "passed" } else { "FAILED" },
            say::duration(took)
        ));
        report.add(step.name, Verdict::Ran { tally, took });
    }
    Ok(report)
}

impl Options {
    fn want(&self, step: &steps::Step) -> bool {
        let asked = self.only.is_empty() || step.areas.iter().any(|area| self.only.contains(area));
        asked && (self.filter.is_none() || step.serves_a_filter)
    }
}

/// What the steps that are going to run need.
fn needed(options: &Options) -> Vec<&'static Need> {
    let wanted = |area| {
        STEPS
            .iter()
            .any(|step| step.areas.contains(&area) && options.want(step))
    };
    let mut needs = needs::DEV.to_vec();
    if wanted(Area::Template) || wanted(Area::Mongo) {
        needs.extend(needs::PYTHON);
    }
    if wanted(Area::Template) {
        needs.extend(needs::CLOUD);
    }
    if wanted(Area::E2e) {
        needs.extend(needs::BROWSER);
        needs.extend(needs::API);
    }
    needs
}
