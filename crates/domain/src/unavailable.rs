//! The error that all I/O crates share: a dependency is unavailable.

use std::fmt;

/// The broker or the database is unavailable. The same request may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable {
    /// `database` or `broker`, for the log.
    pub what: &'static str,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} is unavailable", self.what)
    }
}

impl std::error::Error for Unavailable {}
