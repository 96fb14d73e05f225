//! Credentials of the functions, which sign requests to `@connections`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ring::hmac;

use super::credentials::Credentials;

/// The credentials that functions were given, by access key id. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    region: Arc<str>,
    by_access_key_id: Arc<HashMap<String, Credentials>>,
    /// By access key id: what was signed last with it, and for which scope.
    signing_keys: Arc<Mutex<HashMap<String, (String, hmac::Key)>>>,
}

impl Access {
    /// Accepts `credentials` on requests signed for `region` (`AWS_REGION`).
    pub fn new(region: &str, credentials: impl IntoIterator<Item = Credentials>) -> Self {
        let by_access_key_id = credentials
            .into_iter()
            .map(|credentials| (credentials.access_key_id.clone(), credentials))
            .collect();
        Self {
            region: region.into(),
            by_access_key_id: Arc::new(by_access_key_id),
            signing_keys: Arc::default(),
        }
    }

    /// The region that requests must be signed for.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The credentials with this access key id.
    pub fn credentials(&self, access_key_id: &str) -> Option<&Credentials> {
        self.by_access_key_id.get(access_key_id)
    }

    /// The key that requests of a scope (`date/region/service/aws4_request`) are
    /// signed with. It is the same for a day, so it is derived once.
    pub fn signing_key(&self, credentials: &Credentials, scope: &str) -> hmac::Key {
        let keys = self.signing_keys.lock();
        let mut keys = keys.unwrap_or_else(PoisonError::into_inner);
        if let Some((of, key)) = keys.get(&credentials.access_key_id)
            && of == scope
        {
            return key.clone();
        }
        let key = derive(&credentials.secret_access_key, scope);
        let derived = (scope.to_owned(), key.clone());
        keys.insert(credentials.access_key_id.clone(), derived);
        key
    }
}

/// As AWS describes it (AWS, "Create a signed AWS API request", step 4).
pub fn derive(secret: &str, scope: &str) -> hmac::Key {
    let secret = format!("AWS4{secret}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    scope.split('/').fold(key, |key, part| {
        let part = hmac::sign(&key, part.as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, part.as_ref())
    })
}
