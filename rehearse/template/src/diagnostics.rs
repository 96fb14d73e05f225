//! Errors and warnings of a template, collected and reported together.

use std::fmt;

/// An error and its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The file it is in.
    pub file: String,
    /// The line, counted from 1; 0 where a file has no lines to speak of.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// Errors, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    file: String,
    list: Vec<Diagnostic>,
    warnings: Vec<(usize, String)>,
}

impl Diagnostics {
    /// An empty collection for `file`.
    pub fn of(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            list: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Adds an error. Duplicates are dropped.
    pub fn add(&mut self, line: usize, message: impl Into<String>) {
        self.add_in(&self.file.clone(), line, message);
    }

    /// Adds an error of another file.
    pub fn add_in(&mut self, file: &str, line: usize, message: impl Into<String>) {
        let diagnostic = Diagnostic {
            file: file.to_owned(),
            line,
            message: message.into(),
        };
        if !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// Adds a warning. Duplicates are dropped.
    pub fn warn(&mut self, line: usize, message: impl Into<String>) {
        let warning = (line, message.into());
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The warnings by line, each with the file.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        warnings.sort();
        let lines = warnings.into_iter();
        lines
            .map(|(line, message)| format!("{}:{line}: {message}", self.file))
            .collect()
    }

    /// `value` if there is no error.
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

    /// Whether there is no error so far.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match diagnostic.line {
                0 => write!(f, "{}: {}", diagnostic.file, diagnostic.message)?,
                line => write!(f, "{}:{line}: {}", diagnostic.file, diagnostic.message)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
