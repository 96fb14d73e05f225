//! Counts tests by the lines that Rust's test programs print.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use crate::child::{self, Child};
use crate::say;
use crate::signals::Ending;

/// One test by its name.
#[derive(Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its path in its test program.
    pub name: String,
    /// How it ended.
    pub passed: bool,
}

/// How many tests passed, and which did not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that were not run, by their own wish.
    pub ignored: usize,
    /// Each that was run.
    pub tests: Vec<Heard>,
}

impl Tally {
    /// A step that is one check, and passed.
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

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.tests.extend(other.tests);
        self
    }

    /// Whether nothing failed.
    pub fn is_good(&self) -> bool {
        self.failed == 0
    }

    /// Takes in one line of a test program's standard output.
    fn hear(&mut self, line: &str) {
        if let Some((name, outcome)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.split_once(" ... "))
            && !outcome.starts_with("ignored")
        {
            self.tests.push(Heard {
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

/// Runs a `cargo test` command, passes on what it prints, and counts.
///
/// # Errors
/// If it cannot be started.
pub fn count(cargo: &mut Command) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let mut child = Child::start(
        cargo.stdin(Stdio::null()).stdout(Stdio::piped()),
        Ending::Group,
    )?;
    if let Some(output) = child.take_stdout() {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line)? > 0 {
            // Whoever read it may be gone; the count goes on.
            let _ = std::io::stdout().write_all(&line);
            tally.hear(&String::from_utf8_lossy(&line));
            line.clear();
        }
    }
    let status = child.wait()?;
    if let Err(error) = child::succeeded(cargo, status)
        && tally.is_good()
    {
        // It did not compile, or a test program died.
        say::line(&format!("error: {error:#}"));
        tally.failed += 1;
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::{Heard, Tally};

    fn heard(name: &str, passed: bool) -> Heard {
        Heard {
            name: name.to_owned(),
            passed,
        }
    }

    #[test]
    fn results_of_several_programs_add_up() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests\n",
            "test rooms::a_stranger_hears_nothing ... ok\n",
            "test rooms::an_owner_leaves ... FAILED (1.2 s)\n",
            "test rooms::a_house ... ignored, there is none\n",
            "test result: FAILED. 2 passed; 1 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.00s\n",
        ] {
            tally.hear(line);
        }
        let expected = Tally {
            passed: 14,
            failed: 1,
            ignored: 4,
            tests: vec![
                heard("rooms::a_stranger_hears_nothing", true),
                heard("rooms::an_owner_leaves", false),
            ],
        };
        assert_eq!(tally, expected);
    }
}
