//! Credentials that functions are given.

use sam_template::policy::Policy;

/// What a function signs its requests with.
#[derive(Clone)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: String,
    /// What the function may do.
    pub policy: Policy,
}
