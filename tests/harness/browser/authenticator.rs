//! A device that holds passkeys, and a person who always agrees.

use serde_json::json;

use super::Browser;

impl Browser {
    /// Gives the browser such a device, as WebAuthn's own automation has it.
    ///
    /// # Errors
    /// When the driver knows none.
    pub async fn add_authenticator(&self) -> anyhow::Result<()> {
        let device = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        self.post("webauthn/authenticator", device).await.map(drop)
    }
}
