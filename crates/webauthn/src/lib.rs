//! WebAuthn: passkeys made and used. The only crate that knows the library which
//! verifies them; what it keeps of a passkey and of a ceremony is text to
//! everybody else.
//!
//! The authenticator has to verify its user, and to keep the passkey in a way
//! that signs in without an address. Attestation is not asked for: any
//! authenticator is welcome.

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

/// Begins and ends ceremonies of one site.
pub struct RelyingParty {
    library: Webauthn,
}

/// The user for whom a passkey is registered.
pub struct Person<'a> {
    /// Their id: 128 bits in base64url.
    pub id: &'a str,
    /// The address, by which their authenticator shows the passkey.
    pub email: &'a str,
    /// Their name.
    pub name: &'a str,
}

/// A ceremony that has begun.
pub struct Begun<Options> {
    /// For the browser, as WebAuthn's JSON.
    pub options: Options,
    /// For us, until it ends.
    pub state: Vec<u8>,
}

/// A passkey that was made.
pub struct Made {
    /// Its credential id, in base64url.
    pub credential: String,
    /// What verifies it.
    pub key: String,
}

/// A passkey that was used.
pub struct Used {
    /// What verifies it from now on.
    pub key: String,
    /// Its signature counter; 0 for authenticators that do not count.
    pub counter: i64,
}

/// The passkey that a sign-in claims to use, and its user.
pub struct Claim {
    /// The account's id.
    pub user: String,
    /// The credential id, in base64url.
    pub credential: String,
}

/// The credential does not end its ceremony: made for another site or challenge,
/// without its user being verified, forged, or cloned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// A ceremony cannot begin, or something that we kept is not what it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The library cannot begin a ceremony.
    #[error("cannot begin a WebAuthn ceremony: {0:?}")]
    Library(WebauthnError),
    /// A stored ceremony or passkey is not readable.
    #[error("invalid stored passkey state")]
    Stored(#[from] serde_json::Error),
    /// An account id is not 128 bits long.
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
    /// Reads `SITE_ORIGIN`. Passkeys are bound to its host: all become invalid
    /// if it changes.
    pub fn from_variables(variables: &mut Variables) -> Self {
        let origin = variables.url("SITE_ORIGIN", &["http", "https"]);
        Self::new(&origin).unwrap_or_else(|| {
            if !origin.is_empty() {
                variables.error("SITE_ORIGIN must have a name as its host, not an address");
            }
            Self::new("https://localhost").expect("it has a name as its host")
        })
    }

    /// The site at `origin`; none where its host has no name.
    pub fn new(origin: &str) -> Option<Self> {
        let origin = Url::parse(origin).ok()?;
        let host = origin.domain()?.to_owned();
        let builder = WebauthnBuilder::new(&host, &origin).ok()?;
        let library = builder.rp_name("Banter").build().ok()?;
        Some(Self { library })
    }

    /// Begins to make a passkey. Authenticators that have one of `existing` say so.
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
        // Signing in without an address takes a passkey that its authenticator
        // can list by itself; the library leaves the choice to us.
        let selection = &mut challenge.public_key.authenticator_selection;
        let selection = selection.get_or_insert_default();
        selection.resident_key = Some(ResidentKeyRequirement::Required);
        selection.require_resident_key = true;
        Ok(Begun {
            options: challenge.public_key,
            state: serde_json::to_vec(&state)?,
        })
    }

    /// Ends the making of a passkey.
    pub fn finish_setup(
        &self,
        state: &[u8],
        credential: &RegisterPublicKeyCredential,
    ) -> Result<Result<Made, Refused>, Error> {
        let state: PasskeyRegistration = serde_json::from_slice(state)?;
        let Ok(passkey) = self.library.finish_passkey_registration(credential, &state) else {
            return Ok(Err(Refused));
        };
        Ok(Ok(Made {
            credential: URL_SAFE_NO_PAD.encode(passkey.cred_id()),
            key: serde_json::to_string(&passkey)?,
        }))
    }

    /// Begins a sign-in without naming an account.
    pub fn begin_sign_in(&self) -> Result<Begun<impl Serialize + use<>>, Error> {
        let (challenge, state) = self.library.start_discoverable_authentication()?;
        Ok(Begun {
            options: challenge.public_key,
            state: serde_json::to_vec(&state)?,
        })
    }

    /// Which passkey a credential says that it is, before anything is verified.
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

    /// Ends a sign-in with the passkey that the credential claims to be.
    pub fn finish_sign_in(
        &self,
        state: &[u8],
        credential: &PublicKeyCredential,
        key: &str,
    ) -> Result<Result<Used, Refused>, Error> {
        let state: DiscoverableAuthentication = read(state)?;
        let mut passkey: Passkey = read(key.as_bytes())?;
        let finished = self
            .library
            .finish_discoverable_authentication_v2(credential, state, &passkey);
        let result: AuthenticationResult = match finished {
            Ok(result) if result.user_verified() => result,
            _ => return Ok(Err(Refused)),
        };
        passkey.update_credential(&result);
        Ok(Ok(Used {
            key: serde_json::to_string(&passkey)?,
            counter: i64::from(result.counter()),
        }))
    }
}

fn read<T: DeserializeOwned>(kept: &[u8]) -> Result<T, Error> {
    Ok(serde_json::from_slice(kept)?)
}
