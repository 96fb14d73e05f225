//! Counts tests by parsing the output of Rust's test programs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use crate::child::{self, Child};
use crate::output;
use crate::signals::StopSignal;

#[derive(Debug, PartialEq, Eq)]
pub struct TestResult {
    /// Its path in its test program.
    pub name: String,
    pub passed: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub ignored: usize,
    pub tests: Vec<TestResult>,
}

impl Tally {
    /// A step that is a single check.
    pub fn one() -> Self {
        Self {
            passed: 1,
            ..Self::default()
        }
    }

    /// A step that failed before it could count.
    pub fn broken() -> Self {
        Self {
            failed: 1,
            ..Self::default()
        }
    }

    pub fn and(mut self, other: Self) -> Self {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.tests.extend(other.tests);
        self
    }

    pub fn is_good(&self) -> bool {
        self.failed == 0
    }

    /// Parses one line of a test program's standard output.
    fn read_line(&mut self, line: &str) {
        if let Some((name, outcome)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.split_once(" ... "))
            && !outcome.starts_with("ignored")
        {
            self.tests.push(TestResult {
                name: name.to_owned(),
                passed: outcome.starts_with("ok"),
            });
        }
        // "test result: ok. 3 passed; 0 failed; 1 ignored; …"
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        let words: Vec<_> = counts.split([' ', ';']).collect();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<usize>() else {
                continue;
            };
            match pair[1] {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }
}

/// Runs test programs, forwards their output, and counts.
pub fn count(command: &mut Command) -> anyhow::Result<Tally> {
    count_and_forward(command, |_| true)
}

/// The same without the lines of programs in which no test ran.
pub fn count_quietly(command: &mut Command) -> anyhow::Result<Tally> {
    count_and_forward(command, |line| {
        let line = line.trim_end();
        let is_empty = line.is_empty()
            || line == "running 0 tests"
            || line.starts_with("test result: ok. 0 passed; 0 failed; 0 ignored");
        !is_empty
    })
}

fn count_and_forward(command: &mut Command, forwards: fn(&str) -> bool) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let mut child = Child::start(
        command.stdin(Stdio::null()).stdout(Stdio::piped()),
        StopSignal::Group,
    )?;
    if let Some(output) = child.take_stdout() {
        let mut output = BufReader::new(output);
        let mut bytes = Vec::new();
        while output.read_until(b'\n', &mut bytes)? > 0 {
            let line = String::from_utf8_lossy(&bytes);
            if forwards(&line) {
                // Standard output may be closed; counting goes on.
                let _ = std::io::stdout().write_all(&bytes);
            }
            tally.read_line(&line);
            bytes.clear();
        }
    }
    let status = child.wait()?;
    if let Err(error) = child::succeeded(command, status)
        && tally.is_good()
    {
        // It did not compile, or a test program crashed.
        output::line(&format!("error: {error:#}"));
        tally.failed += 1;
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::{Tally, TestResult};

    fn result(name: &str, passed: bool) -> TestResult {
        TestResult {
            name: name.to_owned(),
            passed,
        }
    }

    #[test]
    fn results_of_several_programs_add_up() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests\n",
            "test rooms::a_stranger_receives_nothing ... ok\n",
            "test rooms::an_owner_leaves ... FAILED (1.2 s)\n",
            "test rooms::a_house ... ignored, not supported\n",
            "test result: FAILED. 2 passed; 1 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.00s\n",
        ] {
            tally.read_line(line);
        }
        let expected = Tally {
            passed: 14,
            failed: 1,
            ignored: 4,
            tests: vec![
                result("rooms::a_stranger_receives_nothing", true),
                result("rooms::an_owner_leaves", false),
            ],
        };
        assert_eq!(tally, expected);
    }
}
