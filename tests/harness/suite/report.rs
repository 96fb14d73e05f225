//! The report of the tests, in the form of the standard harness.

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

pub(super) enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
}

/// Counts the outcomes and prints them.
pub(super) struct Report {
    began: Instant,
    filtered: usize,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    passed: usize,
    skipped: usize,
    failures: Vec<(String, String)>,
}

#[expect(clippy::print_stdout, reason = "a harness reports on standard output")]
impl Report {
    pub(super) fn new(running: usize, filtered: usize) -> Self {
        println!("\nrunning {running} tests");
        Self {
            began: Instant::now(),
            filtered,
            counts: Mutex::default(),
        }
    }

    pub(super) fn record(&self, name: &str, outcome: Outcome, took: Duration) {
        let mut counts = self.counts.lock().expect("reporting does not panic");
        let seconds = took.as_secs_f64();
        match outcome {
            Outcome::Passed => {
                counts.passed += 1;
                println!("test {name} ... ok ({seconds:.1} s)");
            }
            Outcome::Skipped(reason) => {
                counts.skipped += 1;
                println!("test {name} ... ignored, {reason}");
            }
            Outcome::Failed(why) => {
                println!("test {name} ... FAILED ({seconds:.1} s)");
                counts.failures.push((name.to_owned(), why));
            }
        }
    }

    pub(super) fn end(self) -> ExitCode {
        let counts = self.counts.into_inner().expect("reporting does not panic");
        if !counts.failures.is_empty() {
            println!("\nfailures:");
            for (name, why) in &counts.failures {
                println!("\n---- {name} ----\n{why}");
            }
            println!("\nfailures:");
            for (name, _) in &counts.failures {
                println!("    {name}");
            }
        }
        let ok = counts.failures.is_empty();
        println!(
            "\ntest result: {}. {} passed; {} failed; {} ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
            if ok { "ok" } else { "FAILED" },
            counts.passed,
            counts.failures.len(),
            counts.skipped,
            self.filtered,
            self.began.elapsed().as_secs_f64()
        );
        if ok {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
