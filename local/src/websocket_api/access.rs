//! Who may use `@connections`: the keys of the functions.

use std::collections::HashMap;
use std::sync::Arc;

/// The credentials that functions were given, by access key id. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    region: Arc<str>,
    by_access_key_id: Arc<HashMap<String, Credentials>>,
}

/// What a function signs its requests with.
#[derive(Clone)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: String,
    /// Whether its policies allow `execute-api:ManageConnections`.
    pub manages_connections: bool,
}

impl Access {
    /// Knows these credentials, for requests signed for `region` (`AWS_REGION`).
    pub fn new(region: &str, credentials: impl IntoIterator<Item = Credentials>) -> Self {
        let by_access_key_id = credentials
            .into_iter()
            .map(|credentials| (credentials.access_key_id.clone(), credentials))
            .collect();
        Self {
            region: region.into(),
            by_access_key_id: Arc::new(by_access_key_id),
        }
    }

    /// The region that requests must be signed for.
    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// The credentials with this access key id.
    pub(super) fn credentials(&self, access_key_id: &str) -> Option<&Credentials> {
        self.by_access_key_id.get(access_key_id)
    }
}
