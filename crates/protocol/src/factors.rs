//! Bodies of the routes about second factors and passkeys.
//!
//! What the browser's own `PublicKeyCredential` makes and takes is a type
//! parameter here: WebAuthn defines its JSON, the page hands it through, and
//! the functions read it with their WebAuthn library.

use serde::{Deserialize, Serialize};

use crate::http::SignedIn;
use crate::time::Timestamp;

/// What `POST /api/verify-otp` answers to a right code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Verified {
    /// That was all it took.
    SignedIn(SignedIn),
    /// The account has a second factor: `verify-totp` is next.
    SecondFactor(SecondFactor),
}

/// A sign-in that waits for a second factor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecondFactor {
    /// What `POST /api/verify-totp` takes, with the code.
    pub challenge: String,
    /// Which factor it asks for.
    pub factor: Factor,
    /// When it runs out.
    pub expires_at: Timestamp,
}

/// A kind of second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Factor {
    /// Six digits from an app, or a recovery code in their place.
    Totp,
}

/// `GET /api/factors`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Factors {
    /// Since when codes from an app are asked for; none when they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp_since: Option<Timestamp>,
    /// How many recovery codes are left.
    pub recovery_codes_left: usize,
    /// Oldest first.
    pub passkeys: Vec<Passkey>,
    /// Whether the password counts only as long as one of these is on.
    pub password_is_short: bool,
    /// Until when this session may change any of it without `POST /api/step-up`;
    /// none when it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh_until: Option<Timestamp>,
}

/// A passkey as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Opaque id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used for a sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Timestamp>,
}

/// `POST /api/step-up`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepUp {
    /// The account's password.
    pub password: String,
    /// With TOTP on: a code from the app, or a recovery code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What `POST /api/step-up` answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fresh {
    /// Until when this session may change the account's factors.
    pub fresh_until: Timestamp,
}

/// What `POST /api/totp` answers: it is on once a code confirms it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TotpBegun {
    /// The secret in base32, for typing.
    pub secret: String,
    /// The same as an `otpauth://` URI, for a QR code.
    pub uri: String,
    /// Until when it can be confirmed.
    pub expires_at: Timestamp,
}

/// `POST /api/totp/confirm`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmTotp {
    /// A code that the app shows.
    pub code: String,
}

/// What turning TOTP on and `POST /api/recovery-codes` answer, once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// Each counts once.
    pub recovery_codes: Vec<String>,
}

/// What `POST /api/passkeys/begin` and `POST /api/passkey-login/begin` answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PasskeyBegun<Options> {
    /// What the credential has to be handed in with.
    pub challenge: String,
    /// When it runs out.
    pub expires_at: Timestamp,
    /// WebAuthn's `PublicKeyCredentialCreationOptionsJSON` or
    /// `PublicKeyCredentialRequestOptionsJSON`.
    pub options: Options,
}

/// `POST /api/passkeys`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddPasskey<Credential> {
    /// The challenge that `begin` gave.
    pub challenge: String,
    /// What its owner will call it.
    pub name: String,
    /// WebAuthn's `RegistrationResponseJSON`.
    pub credential: Credential,
}

/// What `POST /api/passkeys` answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PasskeyResponse {
    /// The new passkey.
    pub passkey: Passkey,
}

/// `POST /api/passkey-login`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasskeyLogin<Credential> {
    /// The challenge that `begin` gave.
    pub challenge: String,
    /// WebAuthn's `AuthenticationResponseJSON`.
    pub credential: Credential,
}
