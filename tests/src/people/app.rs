//! An authenticator app on somebody's telephone.

use std::sync::atomic::{AtomicI64, Ordering};

use chat_client::Timestamp;
use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};

use crate::wait::{for_the_time, now};

const STEP: i64 = 30;

/// An app that was given one secret. It never shows a code twice: the service
/// takes each once.
pub struct App {
    key: Key,
    shown: AtomicI64,
}

impl App {
    /// An app that reads the secret as people type it, in base 32.
    ///
    /// # Panics
    /// When it is no base 32.
    pub fn new(secret: &str) -> Self {
        let mut bytes = Vec::new();
        let (mut bits, mut count) = (0u32, 0);
        for letter in secret.chars() {
            let five = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter);
            let five = five.expect("the secret is base 32");
            bits = bits << 5 | u32::try_from(five).expect("it is below 32");
            count += 5;
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count) as u8);
                bits &= (1 << count) - 1;
            }
        }
        Self {
            key: Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes),
            shown: AtomicI64::new(0),
        }
    }

    /// A code that was not shown before. The second within 30 s is the next one's,
    /// as a clock that is ahead shows it; the third waits.
    pub async fn code(&self) -> String {
        let step = step_of(now()).max(self.shown.load(Ordering::Relaxed) + 1);
        for_the_time(Timestamp::from_secs((step - 1) * STEP)).await;
        self.shown.store(step, Ordering::Relaxed);
        self.code_of(step)
    }

    /// The code that was shown last.
    pub fn last_code(&self) -> String {
        self.code_of(self.shown.load(Ordering::Relaxed))
    }

    /// Six digits that are none of those which count now.
    pub fn wrong_code(&self) -> String {
        let step = step_of(now());
        let near: Vec<String> = (step - 2..=step + 2)
            .map(|step| self.code_of(step))
            .collect();
        (0..6)
            .map(|number| format!("{number:06}"))
            .find(|code| !near.contains(code))
            .expect("five codes are not six")
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
