//! The summary at the end of `cargo xtask test`.

use std::time::Duration;

use super::tally::{Tally, TestResult};
use crate::output;

#[derive(Default)]
pub struct Report {
    steps: Vec<(String, StepResult)>,
}

pub enum StepResult {
    Ran {
        tally: Tally,
        took: Duration,
    },
    /// Skipped, because an earlier step failed.
    NotRun,
}

impl Report {
    pub fn add(&mut self, name: impl Into<String>, result: StepResult) {
        self.steps.push((name.into(), result));
    }

    pub fn has_failed(&self) -> bool {
        self.ran().any(|(tally, _)| !tally.is_good())
    }

    pub fn tests(&self) -> impl Iterator<Item = &TestResult> {
        self.ran().flat_map(|(tally, _)| &tally.tests)
    }

    /// The steps, the failed tests, and the total on the last line.
    pub fn print(&self) {
        println!();
        for (name, result) in &self.steps {
            println!("{name:14} {}", result.text());
        }
        let sum = |part: fn(&Tally) -> usize| self.ran().map(|(tally, _)| part(tally)).sum();
        let (passed, failed, ignored): (usize, usize, usize) = (
            sum(|tally| tally.passed),
            sum(|tally| tally.failed),
            sum(|tally| tally.ignored),
        );
        let took = self.ran().map(|(_, took)| took).sum();
        println!("{:14} {}", "all", output::duration(took));
        for test in self.tests().filter(|test| !test.passed) {
            println!("failed: {}", test.name);
        }
        if ignored > 0 {
            println!("{ignored} ignored");
        }
        println!("{passed} passed, {failed} failed");
    }

    fn ran(&self) -> impl Iterator<Item = (&Tally, Duration)> {
        self.steps.iter().filter_map(|(_, result)| match result {
            StepResult::Ran { tally, took } => Some((tally, *took)),
            StepResult::NotRun => None,
        })
    }
}

impl StepResult {
    fn text(&self) -> String {
        match self {
            Self::NotRun => "not run".to_owned(),
            Self::Ran { tally, took } => {
                let word = if tally.is_good() { "passed" } else { "FAILED" };
                let counts = match (tally.passed, tally.failed) {
                    (0 | 1, 0) | (0, 1) => String::new(),
                    (passed, 0) => format!("{passed} tests"),
                    (passed, failed) => format!("{passed} passed, {failed} failed"),
                };
                format!("{word} {:>13}  {counts}", output::duration(*took))
            }
        }
    }
}
