//! The one error that every I/O crate shares: something we depend on is away.

use std::fmt;

/// A broker or a database is away. Whoever finds it in an error's chain answers
/// `503 try_again`: nothing was promised, and the same request later may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable {
    /// What is away, for the log: `database`, `broker`.
    pub what: &'static str,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} is away", self.what)
    }
}

impl std::error::Error for Unavailable {}
