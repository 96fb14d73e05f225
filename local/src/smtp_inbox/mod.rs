//! A mail server that keeps what it is sent, for people and tests to read.

use std::net::SocketAddr;

use axum::Router;

/// A running mail server and the mails that it took. Cheap to clone.
#[derive(Clone)]
pub struct Inbox {}

impl Inbox {
    /// Listens on `address` (port 0 takes a free one).
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn start(_address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self {})
    }

    /// `smtp://host:port`.
    pub fn smtp_url(&self) -> String {
        String::new()
    }

    /// `/_local/inbox` and what is below it.
    pub fn router(&self) -> Router {
        Router::new()
    }
}
