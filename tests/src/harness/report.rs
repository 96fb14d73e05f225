//! What is told of the tests, in the form of the standard harness.

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How a test ended.
pub(super) enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
}

/// The count of what passed and what did not.
pub(super) struct Report {
    began: Instant,
    filtered: usize,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    passed: usize,
    skipped: usize,
    failures: Vec<(String, String)>,
}

#[expect(
    clippy::print_stdout,
    reason = "a harness tells its results on standard output"
)]
impl Report {
    pub(super) fn new(running: usize, filtered: usize) -> Self {
        println!("\nrunning {running} tests");
        Self {
            began: Instant::now(),
            filtered,
            told: Mutex::default(),
        }
    }

    pub(super) fn tell(&self, name: &str, outcome: Outcome, took: Duration) {
        let mut told = self.told.lock().expect("telling does not panic");
        let seconds = took.as_secs_f64();
        match outcome {
            Outcome::Passed => {
                told.passed += 1;
                println!("test {name} ... ok ({seconds:.1} s)");
            }
            Outcome::Skipped(reason) => {
                told.skipped += 1;
                println!("test {name} ... ignored, {reason}");
            }
            Outcome::Failed(why) => {
                println!("test {name} ... FAILED ({seconds:.1} s)");
                told.failures.push((name.to_owned(), why));
            }
        }
    }

    pub(super) fn end(self) -> ExitCode {
        let told = self.told.into_inner().expect("telling does not panic");
        if !told.failures.is_empty() {
            println!("\nfailures:");
            for (name, why) in &told.failures {
                println!("\n---- {name} ----\n{why}");
            }
            println!("\nfailures:");
            for (name, _) in &told.failures {
                println!("    {name}");
            }
        }
        let ok = told.failures.is_empty();
        println!(
            "\ntest result: {}. {} passed; {} failed; {} ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
            if ok { "ok" } else { "FAILED" },
            told.passed,
            told.failures.len(),
            told.skipped,
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
