//! The key that lives outside the database, so that a copy of the database
//! alone gives neither codes nor tokens (OWASP ASVS 6.5.2).
//!
//! While it is rotated two of them count: the first makes everything, all of
//! them are accepted.

use domain::{Code, Purpose};
use env::Variables;
use ring::hmac::{HMAC_SHA256, Key, Tag, sign, verify};

use crate::sealed::SealingKey;

/// The pepper, from the variable `PEPPER`.
#[derive(Clone)]
pub struct Pepper {
    current: Live,
    earlier: Vec<Live>,
}

#[derive(Clone)]
struct Live {
    tagging: Key,
    sealing: SealingKey,
}

impl Live {
    fn new(secret: &str) -> Self {
        Self {
            tagging: Key::new(HMAC_SHA256, secret.as_bytes()),
            sealing: SealingKey::derive(secret.as_bytes()),
        }
    }
}

impl Pepper {
    /// Reads `PEPPER` and `PEPPER_IN_USE`: two random keys of at least 32 bytes
    /// each. Codes, sessions and TOTP secrets that were made with neither of them
    /// are no longer valid.
    pub fn from_variables(variables: &mut Variables) -> Self {
        let [current, earlier] = variables.key_pair("PEPPER", 32);
        Self::rotated(&current, &[&earlier])
    }

    /// A pepper from its secret text.
    pub fn new(secret: &str) -> Self {
        Self::rotated(secret, &[])
    }

    /// The pepper `secret`, which took the place of `earlier` ones.
    pub fn rotated(secret: &str, earlier: &[&str]) -> Self {
        Self {
            current: Live::new(secret),
            earlier: earlier.iter().map(|secret| Live::new(secret)).collect(),
        }
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
        sign(&self.current.tagging, &message(kind, parts))
    }

    pub(crate) fn is_tag(&self, kind: &str, parts: &[&str], tag: &[u8]) -> bool {
        let message = message(kind, parts);
        self.all()
            .any(|live| verify(&live.tagging, &message, tag).is_ok())
    }

    pub(crate) fn sealing_key(&self) -> &SealingKey {
        &self.current.sealing
    }

    pub(crate) fn sealing_keys(&self) -> impl Iterator<Item = &SealingKey> {
        self.all().map(|live| &live.sealing)
    }

    fn all(&self) -> impl Iterator<Item = &Live> {
        std::iter::once(&self.current).chain(&self.earlier)
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
    fn item_10_11_a_code_counts_for_its_challenge_and_purpose_and_pepper_alone() {
        let pepper = Pepper::new("a pepper that is long enough for this");
        let code = Code::from_number(12_345_678);
        let hash = pepper.hash_code("c1", Purpose::Login, &code);
        assert!(pepper.is_code("c1", Purpose::Login, &code, &hash));
        assert!(!pepper.is_code("c2", Purpose::Login, &code, &hash));
        assert!(!pepper.is_code("c1", Purpose::Reset, &code, &hash));
        assert!(!pepper.is_code("c1", Purpose::Login, &Code::from_number(1), &hash));
        assert!(!Pepper::new("another").is_code("c1", Purpose::Login, &code, &hash));
    }

    #[test]
    fn item_24_while_the_pepper_is_rotated_both_count_and_the_new_one_makes() {
        let code = Code::from_number(12_345_678);
        let hashed = |pepper: &Pepper| pepper.hash_code("c1", Purpose::Login, &code);
        let (old, new) = (Pepper::new("the old one"), Pepper::new("the new one"));
        let both = Pepper::rotated("the new one", &["the old one"]);
        assert!(both.is_code("c1", Purpose::Login, &code, &hashed(&old)));
        assert!(new.is_code("c1", Purpose::Login, &code, &hashed(&both)));
        assert!(!old.is_code("c1", Purpose::Login, &code, &hashed(&both)));
    }

    /// A comparison that stopped at the first difference, or compared what is
    /// there of a hash, would take these for right or not look at all of them.
    #[test]
    fn item_12_a_hash_counts_to_its_last_bit_and_no_part_of_it_for_the_whole() {
        let pepper = Pepper::new("a pepper that is long enough for this");
        let code = Code::from_number(12_345_678);
        let hash = pepper.hash_code("c1", Purpose::Login, &code);
        let is_code = |hash: &[u8]| pepper.is_code("c1", Purpose::Login, &code, hash);
        for bit in 0..8 * hash.len() {
            let mut changed = hash.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_code(&changed), "bit {bit}");
        }
        for length in 0..hash.len() {
            assert!(!is_code(&hash[..length]), "{length} bytes");
        }
        assert!(!is_code(&[&hash[..], &[0]].concat()));
    }
}
