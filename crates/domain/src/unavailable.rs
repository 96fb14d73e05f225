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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dependency_is_named() {
        let error = Unavailable { what: "broker" };
        assert_eq!(error.to_string(), "the broker is unavailable");
    }
}
