//! A TOTP authenticator app.

use std::sync::atomic::{AtomicI64, Ordering};

use chat_client::Timestamp;
use data_encoding::BASE32_NOPAD;
use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};

use crate::wait::{now, until_time};

const STEP: i64 = 30;

/// An app with one secret. It never returns a code twice, since the service accepts
/// each once.
pub struct TotpApp {
    key: Key,
    used: AtomicI64,
}

impl TotpApp {
    /// An app with a secret in base 32.
    pub fn new(secret: &str) -> Self {
        let bytes = BASE32_NOPAD.decode(secret.as_bytes());
        let bytes = bytes.expect("the secret is base 32");
        Self {
            key: Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes),
            used: AtomicI64::new(0),
        }
    }

    /// A code that was not returned before. The second within 30 s is the code of the
    /// next step, which the service accepts for clock skew; the third waits.
    pub async fn code(&self) -> String {
        let step = step_of(now()).max(self.used.load(Ordering::Relaxed) + 1);
        until_time(Timestamp::from_secs((step - 1) * STEP)).await;
        self.used.store(step, Ordering::Relaxed);
        self.code_of(step)
    }

    /// The code that was returned last.
    pub fn last_code(&self) -> String {
        self.code_of(self.used.load(Ordering::Relaxed))
    }

    /// Six digits that are not a currently accepted code.
    pub fn wrong_code(&self) -> String {
        let step = step_of(now());
        let near: Vec<String> = (step - 2..=step + 2)
            .map(|step| self.code_of(step))
            .collect();
        (0..6)
            .map(|number| format!("{number:06}"))
            .find(|code| !near.contains(code))
            .expect("one of six is not among five")
    }

    fn code_of(&self, step: i64) -> String {
        let tag = sign(&self.key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[19] & 15);
        let number = tag[offset..offset + 4]
            .iter()
            .fold(0u32, |number, byte| number << 8 | u32::from(*byte));
        format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
    }
}

fn step_of(at: Timestamp) -> i64 {
    at.as_secs() / STEP
}
