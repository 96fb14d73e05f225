//! The table at the end of `cargo xtask test`.

use std::time::Duration;

use super::tally::{Heard, Tally};
use crate::say;

/// How the steps went.
#[derive(Default)]
pub struct Report {
    steps: Vec<(&'static str, Verdict)>,
}

/// How one step went.
pub enum Verdict {
    /// It ran.
    Ran {
        /// What it counted.
        tally: Tally,
        /// How long it took.
        took: Duration,
    },
    /// It did not, because an earlier one had failed.
    NotRun,
}

impl Report {
    /// Adds a step.
    pub fn add(&mut self, name: &'static str, verdict: Verdict) {
        self.steps.push((name, verdict));
    }

    /// Whether any step has failed so far.
    pub fn has_failed(&self) -> bool {
        self.ran().any(|(tally, _)| !tally.is_good())
    }

    /// Every test that ran, by name.
    pub fn tests(&self) -> impl Iterator<Item = &Heard> {
        self.ran().flat_map(|(tally, _)| &tally.tests)
    }

    /// Prints the table, the failed tests, and the sum as the last line.
    pub fn print(&self) {
        println!();
        for (name, verdict) in &self.steps {
            println!("{name:14} {}", verdict.words());
        }
        let sum = |part: fn(&Tally) -> usize| self.ran().map(|(tally, _)| part(tally)).sum();
        let (passed, failed, ignored): (usize, usize, usize) = (
            sum(|tally| tally.passed),
            sum(|tally| tally.failed),
            sum(|tally| tally.ignored),
        );
        let took = self.ran().map(|(_, took)| took).sum();
        println!("{:14} {}", "all", say::duration(took));
        for test in self.tests().filter(|test| !test.passed) {
            println!("failed: {}", test.name);
        }
        if ignored > 0 {
            println!("{ignored} ignored");
        }
        println!("{passed} passed, {failed} failed");
    }

    fn ran(&self) -> impl Iterator<Item = (&Tally, Duration)> {
        self.steps.iter().filter_map(|(_, verdict)| match verdict {
            Verdict::Ran { tally, took } => Some((tally, *took)),
            Verdict::NotRun => None,
        })
    }
}

impl Verdict {
    fn words(&self) -> String {
        match self {
            Self::NotRun => "not run".to_owned(),
            Self::Ran { tally, took } => {
                let word = if tally.is_good() { "passed" } else { "FAILED" };
                let counts = match (tally.passed, tally.failed) {
                    (0 | 1, 0) | (0, 1) => String::new(),
                    (passed, 0) => format!("{passed} tests"),
                    (passed, failed) => format!("{passed} passed, {failed} failed"),
                };
                format!("{word} {:>13}  {counts}", say::duration(*took))
            }
        }
    }
}
