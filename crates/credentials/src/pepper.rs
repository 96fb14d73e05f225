//! The key that lives outside the database, so that a copy of the database
//! alone gives neither codes nor tokens (OWASP ASVS 6.5.2).

use domain::settings::Variables;
use domain::{Code, Purpose};
use ring::hmac::{HMAC_SHA256, Key, Tag, sign, verify};

/// The pepper, from the variable `PEPPER`.
#[derive(Clone)]
pub struct Pepper(Key);

impl Pepper {
    /// Reads `PEPPER`: a random text of at least 32 bytes. With another one than
    /// before, every open challenge and every session is void.
    pub fn from_variables(variables: &mut Variables) -> Self {
        Self::new(&variables.secret("PEPPER", 32))
    }

    /// A pepper from its secret text.
    pub fn new(secret: &str) -> Self {
        Self(Key::new(HMAC_SHA256, secret.as_bytes()))
    }

    /// The keyed hash of a code, bound to its challenge and purpose, so that it
    /// is worth nothing for any other.
    pub fn hash_code(&self, challenge: &str, purpose: Purpose, code: &Code) -> Vec<u8> {
        self.tag("code", &[challenge, purpose.as_str(), code.as_str()])
            .as_ref()
            .to_vec()
    }

    /// Whether `code` is the one that was hashed; in constant time.
    pub fn is_code(&self, challenge: &str, purpose: Purpose, code: &Code, hash: &[u8]) -> bool {
        let parts = [challenge, purpose.as_str(), code.as_str()];
        self.is_tag("code", &parts, hash)
    }

    pub(crate) fn tag(&self, kind: &str, parts: &[&str]) -> Tag {
        sign(&self.0, &message(kind, parts))
    }

    pub(crate) fn is_tag(&self, kind: &str, parts: &[&str], tag: &[u8]) -> bool {
        verify(&self.0, &message(kind, parts), tag).is_ok()
    }
}

/// Each part with its length before it, so that no two lists make one message.
fn message(kind: &str, parts: &[&str]) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    for part in std::iter::once(&kind).chain(parts) {
        message.extend_from_slice(&(part.len() as u32).to_le_bytes());
        message.extend_from_slice(part.as_bytes());
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_counts_for_its_challenge_and_purpose_and_pepper_alone() {
        let pepper = Pepper::new("a pepper that is long enough for this");
        let code = Code::from_number(12_345_678);
        let hash = pepper.hash_code("c1", Purpose::Login, &code);
        assert!(pepper.is_code("c1", Purpose::Login, &code, &hash));
        assert!(!pepper.is_code("c2", Purpose::Login, &code, &hash));
        assert!(!pepper.is_code("c1", Purpose::Reset, &code, &hash));
        assert!(!pepper.is_code("c1", Purpose::Login, &Code::from_number(1), &hash));
        assert!(!Pepper::new("another").is_code("c1", Purpose::Login, &code, &hash));
    }
}
