//! Everything that the runner wrote: its own lines and those of the functions.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// The lines written so far, and which of them belong to an outage.
#[derive(Default)]
pub struct Journal {
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    lines: Vec<String>,
    outages: Vec<Range<usize>>,
}

/// A line that a function wrote.
#[derive(Debug, Clone)]
pub struct FunctionLine {
    /// The function's name in the template.
    pub function: String,
    /// What it wrote.
    pub said: Value,
}

/// While it lives, errors in the log are what was to be expected.
pub struct Outage {
    journal: Arc<Journal>,
    from: usize,
}

impl Journal {
    pub(super) fn write(&self, line: String) {
        self.written().lines.push(line);
    }

    /// All of it.
    pub fn text(&self) -> String {
        self.written().lines.join("\n")
    }

    /// The last lines.
    pub fn tail(&self, count: usize) -> String {
        let written = self.written();
        let from = written.lines.len().saturating_sub(count);
        written.lines[from..].join("\n")
    }

    /// How many lines there are so far.
    pub fn length(&self) -> usize {
        self.written().lines.len()
    }

    /// What functions wrote after the first `from` lines.
    pub fn of_functions(&self, from: usize) -> Vec<FunctionLine> {
        let written = self.written();
        let lines = written.lines.iter().skip(from);
        lines.filter_map(|line| function_line(line)).collect()
    }

    /// From now until the answer is dropped, a test breaks something.
    #[must_use]
    pub fn outage(self: &Arc<Self>) -> Outage {
        Outage {
            journal: Arc::clone(self),
            from: self.written().lines.len(),
        }
    }

    /// Errors and panics outside of outages.
    pub fn unexpected_errors(&self) -> Vec<String> {
        let written = self.written();
        let expected = |place| written.outages.iter().any(|lines| lines.contains(&place));
        written
            .lines
            .iter()
            .enumerate()
            .filter(|(place, line)| is_panic(line) || (is_error(line) && !expected(*place)))
            .map(|(_, line)| line.clone())
            .collect()
    }

    fn written(&self) -> std::sync::MutexGuard<'_, Written> {
        self.written
            .lock()
            .expect("only read and extended under it")
    }
}

impl Drop for Outage {
    fn drop(&mut self) {
        let mut written = self.journal.written();
        let lines = self.from..written.lines.len();
        written.outages.push(lines);
    }
}

fn function_line(line: &str) -> Option<FunctionLine> {
    let (function, said) = line.split_once(" | ")?;
    Some(FunctionLine {
        function: function.to_owned(),
        said: serde_json::from_str(said).ok()?,
    })
}

fn is_panic(line: &str) -> bool {
    line.contains("panicked at")
}

fn is_error(line: &str) -> bool {
    let begin: String = line.chars().take(200).collect();
    begin.contains("\"level\":\"ERROR\"") || begin.contains(" ERROR ")
}
