//! Secrets that must be read again, kept so that a copy of the database alone
//! does not give them: AES-256-GCM under a key derived from the pepper.

use data_encoding::HEXLOWER;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::hkdf::{HKDF_SHA256, Salt};

use crate::pepper::Pepper;
use crate::random;

/// What the derived key is for: no other use of the pepper gives the same key.
const PURPOSE: &[u8] = b"banter sealed secret v1";
const KEY_ID_BYTES: usize = 8;

/// A secret, sealed for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Names the pepper under which it is sealed.
    pub key: String,
    /// The nonce, and after it what only that pepper opens.
    pub bytes: Vec<u8>,
}

impl Sealed {
    /// Both parts in one.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.key.as_bytes(), &self.bytes].concat()
    }

    /// Reads what [`Sealed::to_bytes`] made.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (key, bytes) = bytes.split_at_checked(2 * KEY_ID_BYTES)?;
        Some(Self {
            key: String::from_utf8(key.to_vec()).ok()?,
            bytes: bytes.to_vec(),
        })
    }
}

#[derive(Clone)]
pub(crate) struct SealingKey {
    key: LessSafeKey,
    id: String,
}

impl SealingKey {
    pub(crate) fn derive(secret: &[u8]) -> Self {
        let mut bytes = [0; 32];
        Salt::new(HKDF_SHA256, &[])
            .extract(secret)
            .expand(&[PURPOSE], &AES_256_GCM)
            .and_then(|key| key.fill(&mut bytes))
            .expect("HKDF gives 32 bytes");
        let unbound = UnboundKey::new(&AES_256_GCM, &bytes).expect("it has the key's length");
        // A hash of the derived key reveals neither it nor the pepper.
        let id = digest(&SHA256, &bytes);
        Self {
            key: LessSafeKey::new(unbound),
            id: HEXLOWER.encode(&id.as_ref()[..KEY_ID_BYTES]),
        }
    }
}

impl Pepper {
    /// The name of the key that [`Pepper::seal`] uses now.
    pub fn sealing_key_id(&self) -> &str {
        &self.sealing_key().id
    }

    /// Seals a secret of `account`; it opens for no other.
    pub fn seal(&self, account: &str, secret: &[u8]) -> Sealed {
        let nonce: [u8; NONCE_LEN] = random::bytes();
        let key = self.sealing_key();
        let mut sealed = secret.to_vec();
        key.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(account.as_bytes()),
                &mut sealed,
            )
            .expect("a secret is far shorter than the cipher allows");
        Sealed {
            key: key.id.clone(),
            bytes: [nonce.as_slice(), &sealed].concat(),
        }
    }

    /// Decrypts what was sealed for `account`. `None` if it was changed, or
    /// sealed with a pepper that is no longer active.
    pub fn open(&self, account: &str, sealed: &Sealed) -> Option<Vec<u8>> {
        let key = self.sealing_keys().find(|key| key.id == sealed.key)?;
        let (nonce, kept) = sealed.bytes.split_at_checked(NONCE_LEN)?;
        let mut bytes = kept.to_vec();
        let aad = Aad::from(account.as_bytes());
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = key.key.open_in_place(nonce, aad, &mut bytes).ok()?;
        Some(opened.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_account_alone_and_unchanged() {
        let pepper = Pepper::new("a pepper that is long enough for this");
        let sealed = pepper.seal("ann", b"twenty secret bytes.");
        assert_eq!(
            pepper.open("ann", &sealed).unwrap(),
            b"twenty secret bytes."
        );
        assert_eq!(pepper.open("bob", &sealed), None);
        for at in 0..sealed.bytes.len() {
            let mut changed = sealed.clone();
            changed.bytes[at] ^= 1;
            assert_eq!(pepper.open("ann", &changed), None, "byte {at}");
        }
        assert_eq!(Sealed::from_bytes(&sealed.to_bytes()).unwrap(), sealed);
        let mut short = sealed.clone();
        short.bytes.truncate(NONCE_LEN - 1);
        assert_eq!(pepper.open("ann", &short), None);
        assert_ne!(pepper.seal("ann", b"twenty secret bytes."), sealed);
    }

    #[test]
    fn item_24_a_rotated_pepper_opens_what_the_one_before_sealed() {
        let old = Pepper::new("the old one");
        let both = Pepper::rotated("the new one", &["the old one"]);
        let sealed = old.seal("ann", b"secret");
        assert_eq!(both.open("ann", &sealed).unwrap(), b"secret");
        assert_ne!(both.sealing_key_id(), sealed.key);
        assert_eq!(old.sealing_key_id(), sealed.key);
        assert_eq!(Pepper::new("the new one").open("ann", &sealed), None);
        let again = both.seal("ann", b"secret");
        assert_eq!(both.sealing_key_id(), again.key);
        assert_eq!(again.key.len(), 2 * KEY_ID_BYTES);
        assert_eq!(old.open("ann", &again), None);
    }
}
