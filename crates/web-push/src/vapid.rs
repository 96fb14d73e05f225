//! Voluntary Application Server Identification (RFC 8292): a token signed with ES256 tells
//! the push service which server sends.

use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use env::Variables;
use p256::elliptic_curve::sec1::ToSec1Point;
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::json;

/// The standard allows a day.
const TOKEN_LIFETIME: Duration = Duration::from_hours(12);
const SECRET_BYTES: usize = 32;
/// Bytes of a topic: 32 characters, the most that the protocol allows.
const TOPIC_BYTES: usize = 24;

/// The address of the operator, for the push service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject(String);

impl FromStr for Subject {
    type Err = ();

    /// A `mailto:` address, or the URL of the site.
    fn from_str(text: &str) -> Result<Self, ()> {
        let address = text.strip_prefix("mailto:").is_some_and(|address| {
            let (name, host) = address.split_once('@').unwrap_or_default();
            !name.is_empty() && host.contains('.')
        });
        let is_url = |start| {
            text.strip_prefix(start)
                .is_some_and(|rest| !rest.is_empty())
        };
        // Push services on this machine accept a site on it.
        let url = is_url("https://") || is_url("http://localhost");
        (address || url).then(|| Self(text.to_owned())).ok_or(())
    }
}

/// The key pair that all subscriptions are bound to.
pub struct VapidKey {
    pair: EcdsaKeyPair,
    public: String,
    topics: hmac::Key,
    subject: Subject,
}

impl VapidKey {
    /// Reads `PUSH_SECRET`, `PUSH_PUBLIC_KEY` (what `setup` computed of it) and
    /// `PUSH_SUBJECT`. `None` if one of them is invalid, which is recorded.
    pub fn from_variables(variables: &mut Variables) -> Option<Self> {
        let secret = variables.secret("PUSH_SECRET", SECRET_BYTES);
        let public: PublicKey = variables.value("PUSH_PUBLIC_KEY", "the public key of PUSH_SECRET");
        let subject = variables.value("PUSH_SUBJECT", "an address with mailto: or a URL");
        if secret.len() < SECRET_BYTES || public.0.is_empty() {
            return None;
        }
        let key = Self::new(&secret, &public.0, subject);
        if key.is_none() {
            variables.error("PUSH_PUBLIC_KEY must be the public key of PUSH_SECRET");
        }
        key
    }

    fn new(secret: &str, public: &str, subject: Subject) -> Option<Self> {
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &private_key(secret),
            &URL_SAFE_NO_PAD.decode(public).ok()?,
            &SystemRandom::new(),
        );
        Some(Self {
            pair: pair.ok()?,
            public: public.to_owned(),
            topics: hmac::Key::new(
                hmac::HMAC_SHA256,
                digest(&SHA256, format!("topics {secret}").as_bytes()).as_ref(),
            ),
            subject,
        })
    }

    /// The value of the header `Authorization` for pushes to a service.
    pub(crate) fn authorization(&self, origin: &str, now: Timestamp) -> String {
        let header = json!({"typ": "JWT", "alg": "ES256"});
        let claims = json!({
            "aud": origin,
            "exp": (now + TOKEN_LIFETIME).as_secs(),
            "sub": self.subject.0,
        });
        let mut token = [header, claims]
            .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()))
            .join(".");
        let signature = self
            .pair
            .sign(&SystemRandom::new(), token.as_bytes())
            .expect("the operating system gives random bytes");
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        format!("vapid t={token}, k={}", self.public)
    }

    /// The name under which a later notification of a device replaces an earlier one. It
    /// tells the push service neither the room nor that two devices are in the same one.
    pub fn topic(&self, device: &str, room: &str) -> String {
        let tag = hmac::sign(&self.topics, format!("{device} {room}").as_bytes());
        URL_SAFE_NO_PAD.encode(&tag.as_ref()[..TOPIC_BYTES])
    }
}

/// A public key in the form that `PushManager.subscribe` takes.
#[derive(Default)]
struct PublicKey(String);

impl FromStr for PublicKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ())?;
        (bytes.len() == 65).then(|| Self(text.to_owned())).ok_or(())
    }
}

/// Reads `PUSH_PUBLIC_KEY`.
pub fn public_key_from(variables: &mut Variables) -> String {
    let key: PublicKey = variables.value("PUSH_PUBLIC_KEY", "a public key of P-256");
    key.0
}

/// The private key is a digest of the secret: a secret store makes random texts, not key
/// pairs. One digest in 2^32 is no key, and [`public_key`] refuses its secret.
fn private_key(secret: &str) -> [u8; 32] {
    let seed = digest(&SHA256, format!("vapid {secret}").as_bytes());
    seed.as_ref()
        .try_into()
        .expect("a SHA-256 digest has 32 bytes")
}

/// Reads `PUSH_SECRET` and returns its public key, in the form that
/// `PushManager.subscribe` takes.
pub fn public_key(variables: &mut Variables) -> String {
    let secret = variables.secret("PUSH_SECRET", SECRET_BYTES);
    match p256::SecretKey::from_slice(&private_key(&secret)) {
        Ok(key) => URL_SAFE_NO_PAD.encode(key.public_key().to_sec1_point(false).as_bytes()),
        Err(_) => {
            variables.error("PUSH_SECRET must be another text: this one is no key");
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::Value;

    const SECRET: &str = "a secret that is long enough for this purpose";

    fn variables() -> Variables {
        Variables::new([("PUSH_SECRET".to_owned(), SECRET.to_owned())])
    }

    fn key() -> VapidKey {
        let subject = "mailto:ops@example.com".parse().unwrap();
        VapidKey::new(SECRET, &public_key(&mut variables()), subject).unwrap()
    }

    #[test]
    fn a_token_names_the_service_and_is_signed() {
        let now = Timestamp::from_secs(1_000);
        let value = key().authorization("https://push.example", now);
        let (token, public) = value
            .strip_prefix("vapid t=")
            .and_then(|rest| rest.split_once(", k="))
            .unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let public = URL_SAFE_NO_PAD.decode(public).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
            .verify(
                signed.as_bytes(),
                &URL_SAFE_NO_PAD.decode(signature).unwrap(),
            )
            .unwrap();
        let claims = signed.split_once('.').unwrap().1;
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(claims["aud"], "https://push.example");
        assert_eq!(claims["exp"], 1_000 + 12 * 3_600);
        assert_eq!(claims["sub"], "mailto:ops@example.com");
    }

    #[test]
    fn a_public_key_of_another_secret_is_refused() {
        let other = "another secret that is long enough for this";
        let public = public_key(&mut variables());
        assert!(VapidKey::new(other, &public, Subject::default()).is_none());
    }

    #[test]
    fn topics_differ_by_device_and_room_and_have_32_characters() {
        let key = key();
        let topic = key.topic("d", "r");
        assert_eq!(topic.len(), 32);
        assert_eq!(topic, key.topic("d", "r"));
        assert_ne!(topic, key.topic("d", "s"));
        assert_ne!(topic, key.topic("e", "r"));
    }

    #[test]
    fn a_subject_is_an_address_or_a_url() {
        for valid in ["mailto:ops@example.com", "https://chat.example.com"] {
            assert!(valid.parse::<Subject>().is_ok(), "{valid}");
        }
        for invalid in ["?", "ops@example.com", "mailto:ops@localhost", "https://"] {
            assert!(invalid.parse::<Subject>().is_err(), "{invalid}");
        }
    }
}
