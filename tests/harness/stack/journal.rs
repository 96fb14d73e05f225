//! The runner's output: its own log lines and those of the functions.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// The lines so far, and the ranges in which errors are expected.
#[derive(Default)]
pub struct Journal {
    lines: Mutex<Lines>,
}

#[derive(Default)]
struct Lines {
    all: Vec<String>,
    errors_expected: Vec<Range<usize>>,
}

/// A line that a function wrote.
#[derive(Debug, Clone)]
pub struct FunctionLine {
    /// The function's name in the template.
    pub function: String,
    pub fields: Value,
}

/// Errors logged during its lifetime are expected.
pub struct ExpectedErrors {
    journal: Arc<Journal>,
    from: usize,
}

impl Journal {
    pub(super) fn write(&self, line: String) {
        self.lines().all.push(line);
    }

    pub fn text(&self) -> String {
        self.lines().all.join("\n")
    }

    pub fn tail(&self, count: usize) -> String {
        let lines = self.lines();
        let from = lines.all.len().saturating_sub(count);
        lines.all[from..].join("\n")
    }

    /// The number of lines so far.
    pub fn length(&self) -> usize {
        self.lines().all.len()
    }

    /// The functions' lines after the first `from` lines.
    pub fn of_functions(&self, from: usize) -> Vec<FunctionLine> {
        let lines = self.lines();
        let new = lines.all.iter().skip(from);
        new.filter_map(|line| function_line(line)).collect()
    }

    /// Expects errors until the returned value is dropped.
    #[must_use]
    pub fn expect_errors(self: &Arc<Self>) -> ExpectedErrors {
        ExpectedErrors {
            journal: Arc::clone(self),
            from: self.lines().all.len(),
        }
    }

    /// Unexpected errors, and all panics.
    pub fn unexpected_errors(&self) -> Vec<String> {
        let lines = self.lines();
        let expected = |place| {
            lines
                .errors_expected
                .iter()
                .any(|lines| lines.contains(&place))
        };
        lines
            .all
            .iter()
            .enumerate()
            .filter(|(place, line)| is_panic(line) || (is_error(line) && !expected(*place)))
            .map(|(_, line)| line.clone())
            .collect()
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.lines.lock().expect("only read and extended under it")
    }
}

impl Drop for ExpectedErrors {
    fn drop(&mut self) {
        let mut lines = self.journal.lines();
        let range = self.from..lines.all.len();
        lines.errors_expected.push(range);
    }
}

fn function_line(line: &str) -> Option<FunctionLine> {
    let (function, fields) = line.split_once(" | ")?;
    Some(FunctionLine {
        function: function.to_owned(),
        fields: serde_json::from_str(fields).ok()?,
    })
}

fn is_panic(line: &str) -> bool {
    line.contains("panicked at")
}

fn is_error(line: &str) -> bool {
    let begin: String = line.chars().take(200).collect();
    begin.contains("\"level\":\"ERROR\"") || begin.contains(" ERROR ")
}
