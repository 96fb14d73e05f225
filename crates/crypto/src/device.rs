//! Device tokens: proof that a browser signed in to an account before.
//!
//! The holder of one has a budget of attempts of their own, so that wrong
//! passwords of others never delay them (OWASP, "Slow Down Online Guessing Attacks
//! with Device Cookies"). A token alone does not authenticate.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::pepper::Pepper;

/// A device that signed in to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceToken {
    pub account: String,
    /// A random id of the device.
    pub device: String,
}

impl DeviceToken {
    /// The text for the cookie. It is valid for this version of the account's
    /// credentials only, so that a password reset forgets all devices.
    pub fn seal(&self, credentials_version: i64, pepper: &Pepper) -> String {
        let version = credentials_version.to_string();
        let tag = pepper.tag("device", &[&self.account, &self.device, &version]);
        format!(
            "{}.{}.{}",
            self.account,
            self.device,
            URL_SAFE_NO_PAD.encode(tag)
        )
    }

    /// Reads the text of a token of `account`; none if it was not issued for the
    /// account and this version of its credentials.
    pub fn open(
        text: &str,
        account: &str,
        credentials_version: i64,
        pepper: &Pepper,
    ) -> Option<Self> {
        let (named, tag) = text.rsplit_once('.')?;
        let (owner, device) = named.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let version = credentials_version.to_string();
        let is_genuine =
            owner == account && pepper.is_tag("device", &[account, device, &version], &tag);
        is_genuine.then(|| Self {
            account: owner.to_owned(),
            device: device.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> (DeviceToken, Pepper) {
        let token = DeviceToken {
            account: "a1".into(),
            device: "d1".into(),
        };
        (token, Pepper::new("a pepper that is long enough for this"))
    }

    #[test]
    fn item_39_a_device_token_is_valid_for_its_account_and_credentials_alone() {
        let (token, pepper) = token();
        let text = token.seal(3, &pepper);
        assert_eq!(DeviceToken::open(&text, "a1", 3, &pepper), Some(token));
        assert_eq!(DeviceToken::open(&text, "a2", 3, &pepper), None);
        assert_eq!(DeviceToken::open(&text, "a1", 4, &pepper), None);
        let other = Pepper::new("another pepper that is long enough");
        assert_eq!(DeviceToken::open(&text, "a1", 3, &other), None);
    }

    #[test]
    fn item_39_a_device_token_cannot_be_altered() {
        let (token, pepper) = token();
        let text = token.seal(3, &pepper);
        for altered in [
            text.replace("a1", "a2"),
            text.replace("d1", "d2"),
            text[..text.len() - 1].to_owned(),
            "a1.d1.".to_owned(),
            "a1.d1".to_owned(),
            String::new(),
        ] {
            assert_eq!(
                DeviceToken::open(&altered, "a1", 3, &pepper),
                None,
                "{altered}"
            );
        }
    }
}
