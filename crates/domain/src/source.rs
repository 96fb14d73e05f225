//! The network that a request comes from, as far as limits are concerned.

/// A source address. An IPv4 address counts for itself. An IPv6 subscriber has a
/// /64 at least and a /48 at most (RFC 6177), so both are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The key of the address, or of its /64.
    pub host: String,
    /// The key of the /48 that it is in.
    pub network: Option<String>,
}

impl Source {
    /// A source that is known by one key.
    pub fn host(key: impl Into<String>) -> Self {
        Self {
            host: key.into(),
            network: None,
        }
    }
}
