//! What is wrong with a template, all of it at once.

use std::fmt;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The file it is in.
    pub file: String,
    /// The line, counted from 1; 0 where a file has no lines to speak of.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// Everything that is wrong, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    file: String,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// No diagnostics yet in `file`.
    pub fn of(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            list: Vec::new(),
        }
    }

    /// Notes a fault. The same one is noted once, however often it is met.
    pub fn add(&mut self, line: usize, message: impl Into<String>) {
        self.add_in(&self.file.clone(), line, message);
    }

    /// Notes a fault that is not in the template but in `file`.
    pub fn add_in(&mut self, file: &str, line: usize, message: impl Into<String>) {
        let fault = Diagnostic {
            file: file.to_owned(),
            line,
            message: message.into(),
        };
        if !self.list.contains(&fault) {
            self.list.push(fault);
        }
    }

    /// `value` if nothing is wrong, else everything that is.
    ///
    /// # Errors
    /// The diagnostics, sorted by line.
    pub fn or<T>(mut self, value: Option<T>) -> Result<T, Self> {
        self.list.sort();
        match value {
            Some(value) if self.list.is_empty() => Ok(value),
            _ => Err(self),
        }
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match fault.line {
                0 => write!(f, "{}: {}", fault.file, fault.message)?,
                line => write!(f, "{}:{line}: {}", fault.file, fault.message)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
