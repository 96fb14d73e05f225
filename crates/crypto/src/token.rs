//! Access tokens: JWTs signed with Ed25519, so that the functions that verify
//! them hold only the public half. One algorithm, one type, no key from outside
//! (RFC 8725).

use std::sync::Once;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use domain::limits::ACCESS_TOKEN_LIFETIME;
use env::Variables;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use protocol::User;
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// The `typ` of our access tokens (RFC 9068): nothing else passes for one.
const TYPE: &str = "at+jwt";
/// The `aud` of our access tokens.
const AUDIENCE: &str = "banter";

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who made it: the site's origin.
    pub iss: String,
    pub aud: String,
    pub sub: String,
    /// The user's name when it was made.
    pub name: String,
    pub sid: String,
    /// When it was made, in seconds.
    pub iat: i64,
    /// When it runs out, in seconds.
    pub exp: i64,
}

impl Claims {
    /// The user whom it names.
    pub fn user(&self) -> User {
        User {
            id: self.sub.clone(),
            name: self.name.clone(),
        }
    }
}

/// A token, and when it runs out in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    pub token: String,
    /// Its `exp`, in milliseconds.
    pub expires_at: Timestamp,
}

#[derive(Clone)]
pub struct Signer {
    key: EncodingKey,
    key_id: String,
    public_key: Vec<u8>,
    issuer: String,
}

impl Signer {
    /// Reads `SITE_ORIGIN`, `TOKEN_SIGNING_SECRET` and `TOKEN_SIGNING_SECRET_IN_USE`:
    /// two random texts of at least 32 bytes each. The one in use signs; see
    /// [`public_keys`] for the other.
    pub fn from_variables(variables: &mut Variables) -> Self {
        let [secret, _] = variables.key_pair("TOKEN_SIGNING_SECRET", 32);
        let issuer = variables.url("SITE_ORIGIN", &["http", "https"]);
        Self::new(&secret, &issuer)
    }

    /// A signer whose Ed25519 seed is the SHA-256 of `secret`: a secret store
    /// makes random texts, not key pairs.
    pub fn new(secret: &str, issuer: &str) -> Self {
        install_ring();
        let seed = digest(&SHA256, secret.as_bytes());
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref())
            .expect("a SHA-256 digest has the length of a seed");
        let public_key = pair.public_key().as_ref().to_vec();
        Self {
            key: EncodingKey::from_ed_der(seed.as_ref()),
            key_id: key_id(&public_key),
            public_key,
            issuer: issuer.to_owned(),
        }
    }

    /// The public half, in the form that [`Verifier`] reads.
    pub fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.public_key)
    }

    /// A token for `user` in `session`, for [`ACCESS_TOKEN_LIFETIME`] from `now`.
    pub fn issue(&self, user: &User, session: &str, now: Timestamp) -> Issued {
        let exp = (now + ACCESS_TOKEN_LIFETIME).as_secs();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: user.id.clone(),
            name: user.name.clone(),
            sid: session.to_owned(),
            iat: now.as_secs(),
            exp,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.key_id.clone());
        Issued {
            token: jsonwebtoken::encode(&header, &claims, &self.key)
                .expect("plain claims are signed"),
            expires_at: Timestamp::from_secs(exp),
        }
    }
}

/// Reads `TOKEN_SIGNING_SECRET` and returns the public keys of both its halves in
/// the form that [`Verifier`] reads. Tokens of the half that is not in use are
/// accepted until they expire.
pub fn public_keys(variables: &mut Variables) -> String {
    variables
        .key_pair("TOKEN_SIGNING_SECRET", 32)
        .map(|secret| Signer::new(&secret, "").public_key())
        .join(",")
}

/// Checks access tokens, with one or (during a rotation) more public keys.
#[derive(Clone)]
pub struct Verifier {
    keys: Vec<(String, DecodingKey)>,
    validation: Validation,
}

impl Verifier {
    /// Reads `TOKEN_PUBLIC_KEYS` (what `setup` computed, parted by commas) and
    /// `SITE_ORIGIN`. With wrong values every token is rejected.
    pub fn from_variables(variables: &mut Variables) -> Self {
        let keys = variables.text("TOKEN_PUBLIC_KEYS");
        let issuer = variables.url("SITE_ORIGIN", &["http", "https"]);
        if !keys.is_empty() && parse_keys(&keys).is_none() {
            variables
                .error("TOKEN_PUBLIC_KEYS must be Ed25519 keys in base64url, parted by commas");
        }
        Self::new(&keys, &issuer)
    }

    /// A verifier for `keys`, base64url parted by commas.
    pub fn new(keys: &str, issuer: &str) -> Self {
        install_ring();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let keys = parse_keys(keys)
            .unwrap_or_default()
            .into_iter()
            .map(|key| (key_id(&key), DecodingKey::from_ed_der(&key)))
            .collect();
        Self { keys, validation }
    }

    /// What a genuine token of ours says; none for anything else.
    pub fn verify(&self, token: &str) -> Option<Claims> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(TYPE) {
            return None;
        }
        let key_id = header.kid?;
        let (_, key) = self.keys.iter().find(|(id, _)| *id == key_id)?;
        jsonwebtoken::decode(token, key, &self.validation)
            .ok()
            .map(|data| data.claims)
    }
}

fn parse_keys(keys: &str) -> Option<Vec<Vec<u8>>> {
    keys.split(',')
        .map(|key| {
            URL_SAFE_NO_PAD
                .decode(key.trim())
                .ok()
                .filter(|key| key.len() == 32)
        })
        .collect()
}

fn key_id(public_key: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, public_key).as_ref()[..12])
}

/// jsonwebtoken leaves the cryptography to a provider; ours is ring, which the
/// TLS stack brings anyway.
fn install_ring() {
    static ONCE: Once = Once::new();
    static RING: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| match algorithm {
            Algorithm::EdDSA => Ok(Box::new(RingSigner(
                Ed25519KeyPair::from_seed_unchecked(key.as_bytes()).map_err(|_| invalid_key())?,
            ))),
            _ => Err(jsonwebtoken::errors::ErrorKind::InvalidAlgorithm.into()),
        },
        verifier_factory: |algorithm, key| match algorithm {
            Algorithm::EdDSA => Ok(Box::new(RingVerifier(UnparsedPublicKey::new(
                &ED25519,
                key.try_get_as_bytes()?.to_vec(),
            )))),
            _ => Err(jsonwebtoken::errors::ErrorKind::InvalidAlgorithm.into()),
        },
        key_utils: KeyUtils::new_unimplemented(),
    };
    ONCE.call_once(|| {
        // It fails only if there is one already, and then that one is this.
        let _ = RING.install_default();
    });
}

fn invalid_key() -> jsonwebtoken::errors::Error {
    jsonwebtoken::errors::ErrorKind::InvalidEddsaKey.into()
}

struct RingSigner(Ed25519KeyPair);

impl jsonwebtoken::signature::Signer<Vec<u8>> for RingSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, jsonwebtoken::signature::Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for RingSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct RingVerifier(UnparsedPublicKey<Vec<u8>>);

impl jsonwebtoken::signature::Verifier<Vec<u8>> for RingVerifier {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> Result<(), jsonwebtoken::signature::Error> {
        self.0
            .verify(message, signature)
            .map_err(|_| jsonwebtoken::signature::Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}
