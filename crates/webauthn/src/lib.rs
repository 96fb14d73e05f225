//! Passkeys: registration and authentication ceremonies. The only crate that uses
//! webauthn-rs; a passkey and a ceremony's state are opaque to all others.
//!
//! User verification and a discoverable credential are required, so that a passkey
//! signs in without an email address. Attestation is not requested.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ApiError;
use env::Variables;
use serde::Serialize;
use serde::de::DeserializeOwned;
use webauthn_rs::prelude::{
    AuthenticationResult, CredentialID, DiscoverableAuthentication, Passkey, PasskeyRegistration,
    Url, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};
use webauthn_rs_proto::ResidentKeyRequirement;

pub use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

pub struct RelyingParty {
    library: Webauthn,
}

/// The owner of a new passkey.
pub struct Person<'a> {
    /// 128 bits in base64url.
    pub id: &'a str,
    pub email: &'a str,
    pub name: &'a str,
}

pub struct Begun<Options> {
    /// WebAuthn's JSON for the browser.
    pub options: Options,
    /// To be kept until the ceremony ends.
    pub state: Vec<u8>,
}

pub struct NewPasskey {
    /// The credential id in base64url.
    pub credential: String,
    /// The library's state of the passkey.
    pub key: String,
}

/// The new state of a passkey after its use.
pub struct Used {
    /// The library's state of the passkey.
    pub key: String,
    /// The signature counter; 0 for authenticators without one.
    pub counter: i64,
}

/// The account and the passkey that a credential claims to be.
pub struct Claim {
    pub user: String,
    /// The credential id in base64url.
    pub credential: String,
}

/// The credential was rejected: for another site or challenge, without user
/// verification, forged, or cloned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected;

/// A ceremony cannot begin, or stored state is invalid.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot begin a WebAuthn ceremony: {0:?}")]
    Library(WebauthnError),
    #[error("invalid stored passkey state")]
    Stored(#[from] serde_json::Error),
    #[error("an account id is not 128 bits long")]
    UserId,
}

impl From<WebauthnError> for Error {
    fn from(error: WebauthnError) -> Self {
        Self::Library(error)
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::internal(error)
    }
}

impl RelyingParty {
    /// Reads `SITE_ORIGIN`. Passkeys are bound to its host: after a change of host
    /// none of them works.
    pub fn from_variables(variables: &mut Variables) -> Self {
        let origin = variables.url("SITE_ORIGIN", &["http", "https"]);
        Self::new(&origin).unwrap_or_else(|| {
            if !origin.is_empty() {
                variables.error("the host of SITE_ORIGIN must be a name, not an IP address");
            }
            Self::new("https://localhost").expect("the host is a name")
        })
    }

    /// `None` where the origin's host is not a name.
    pub fn new(origin: &str) -> Option<Self> {
        let origin = Url::parse(origin).ok()?;
        let host = origin.domain()?.to_owned();
        let builder = WebauthnBuilder::new(&host, &origin).ok()?;
        let library = builder.rp_name("Banter").build().ok()?;
        Some(Self { library })
    }

    /// Begins a registration. An authenticator that has one of `existing` refuses.
    pub fn begin_setup(
        &self,
        person: &Person<'_>,
        existing: &[&str],
    ) -> Result<Begun<impl Serialize + use<>>, Error> {
        let user = URL_SAFE_NO_PAD.decode(person.id).ok();
        let user = user.and_then(|bytes| Uuid::from_slice(&bytes).ok());
        let user = user.ok_or(Error::UserId)?;
        let existing: Vec<CredentialID> = existing
            .iter()
            .filter_map(|id| URL_SAFE_NO_PAD.decode(id).ok())
            .collect();
        let (mut challenge, state) = self.library.start_passkey_registration(
            user,
            person.email,
            person.name,
            Some(existing),
        )?;
        // Signing in without an email address requires a discoverable credential.
        let selection = &mut challenge.public_key.authenticator_selection;
        let selection = selection.get_or_insert_default();
        selection.resident_key = Some(ResidentKeyRequirement::Required);
        selection.require_resident_key = true;
        Ok(Begun {
            options: challenge.public_key,
            state: serde_json::to_vec(&state)?,
        })
    }

    pub fn finish_setup(
        &self,
        state: &[u8],
        credential: &RegisterPublicKeyCredential,
    ) -> Result<Result<NewPasskey, Rejected>, Error> {
        let state: PasskeyRegistration = serde_json::from_slice(state)?;
        let Ok(passkey) = self.library.finish_passkey_registration(credential, &state) else {
            return Ok(Err(Rejected));
        };
        Ok(Ok(NewPasskey {
            credential: URL_SAFE_NO_PAD.encode(passkey.cred_id()),
            key: serde_json::to_string(&passkey)?,
        }))
    }

    /// Begins a sign-in of any account.
    pub fn begin_sign_in(&self) -> Result<Begun<impl Serialize + use<>>, Error> {
        let (challenge, state) = self.library.start_discoverable_authentication()?;
        Ok(Begun {
            options: challenge.public_key,
            state: serde_json::to_vec(&state)?,
        })
    }

    /// The claim of a credential, before it is verified.
    pub fn claim(&self, credential: &PublicKeyCredential) -> Option<Claim> {
        let named = self
            .library
            .identify_discoverable_authentication(credential);
        let (user, id) = named.ok()?;
        Some(Claim {
            user: URL_SAFE_NO_PAD.encode(user.as_bytes()),
            credential: URL_SAFE_NO_PAD.encode(id),
        })
    }

    /// Verifies a credential against the passkey that it claims to be.
    pub fn finish_sign_in(
        &self,
        state: &[u8],
        credential: &PublicKeyCredential,
        key: &str,
    ) -> Result<Result<Used, Rejected>, Error> {
        let state: DiscoverableAuthentication = read(state)?;
        let mut passkey: Passkey = read(key.as_bytes())?;
        let finished = self
            .library
            .finish_discoverable_authentication_v2(credential, state, &passkey);
        let result: AuthenticationResult = match finished {
            Ok(result) if result.user_verified() => result,
            _ => return Ok(Err(Rejected)),
        };
        passkey.update_credential(&result);
        Ok(Ok(Used {
            key: serde_json::to_string(&passkey)?,
            counter: i64::from(result.counter()),
        }))
    }
}

fn read<T: DeserializeOwned>(stored: &[u8]) -> Result<T, Error> {
    Ok(serde_json::from_slice(stored)?)
}
