//! Time-based one-time passwords (RFC 6238): SHA-1, six digits, 30 seconds.

use data_encoding::BASE32_NOPAD;
use domain::factor::{TOTP_DIGITS, TOTP_STEP};
use domain::{Timestamp, TotpCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};

use crate::random;

/// RFC 4226 asks for at least 128 bits and recommends these 160.
const SECRET_BYTES: usize = 20;

/// The secret that an app and we share.
pub struct TotpSecret([u8; SECRET_BYTES]);

impl TotpSecret {
    pub fn random() -> Self {
        Self(random::bytes())
    }

    /// A stored secret; `None` if its length is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// What is to be sealed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// The secret for a QR code, under the name of its account.
    pub fn uri(&self, account: &str) -> String {
        let account = utf8_percent_encode(account, NON_ALPHANUMERIC);
        format!(
            "otpauth://totp/Banter:{account}?secret={}&issuer=Banter&algorithm=SHA1&digits={TOTP_DIGITS}&period={}",
            self.base32(),
            TOTP_STEP.as_secs()
        )
    }

    /// The step that this code belongs to: that of `now`, or one step before or
    /// after, for clocks that differ. Only steps after `used` count, so that a
    /// code works once. All three are computed and compared, whichever is
    /// right.
    pub fn step_of(&self, code: TotpCode, now: Timestamp, used: i64) -> Option<i64> {
        let step = now.as_secs().div_euclid(TOTP_STEP.as_secs() as i64);
        let right = [step - 1, step, step + 1].map(|step| {
            let is_code = self.code_at(step) == code.number();
            (step, is_code & (step > used))
        });
        right
            .iter()
            .find(|(_, right)| *right)
            .map(|(step, _)| *step)
    }

    fn code_at(&self, step: i64) -> u32 {
        truncated(&self.0, step) % 10u32.pow(TOTP_DIGITS as u32)
    }
}

/// RFC 4226's dynamic truncation of the counter's HMAC.
fn truncated(secret: &[u8], counter: i64) -> u32 {
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = sign(&key, &counter.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0xf);
    let four = [
        tag[offset],
        tag[offset + 1],
        tag[offset + 2],
        tag[offset + 3],
    ];
    u32::from_be_bytes(four) & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC: &[u8; SECRET_BYTES] = b"12345678901234567890";

    fn secret() -> TotpSecret {
        TotpSecret(*RFC)
    }

    fn code(number: u32) -> TotpCode {
        TotpCode::parse("code", &format!("{number:06}")).unwrap()
    }

    /// RFC 6238, appendix B; its eight digits end in our six.
    #[test]
    fn item_15_the_test_vectors_of_rfc_6238_hold() {
        for (seconds, eight) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(truncated(RFC, seconds / 30) % 100_000_000, eight);
            let step = secret().step_of(code(eight % 1_000_000), Timestamp::from_secs(seconds), -1);
            assert_eq!(step, Some(seconds / 30), "{seconds} s");
        }
    }

    /// RFC 4226, appendix D.
    #[test]
    fn the_test_vectors_of_rfc_4226_hold() {
        let expected = [
            755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871,
            520_489,
        ];
        for (counter, code) in expected.into_iter().enumerate() {
            assert_eq!(secret().code_at(counter as i64), code, "{counter}");
        }
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_a_step_counts_once() {
        let now = Timestamp::from_secs(1_111_111_111);
        let step = now.as_secs() / 30;
        for off in -2..=2 {
            let code = code(secret().code_at(step + off));
            let found = secret().step_of(code, now, 0);
            assert_eq!(found, (off.abs() <= 1).then_some(step + off), "{off}");
        }
        let current = code(secret().code_at(step));
        assert_eq!(secret().step_of(current, now, step - 1), Some(step));
        assert_eq!(secret().step_of(current, now, step), None);
        assert_eq!(secret().step_of(current, now, step + 1), None);
    }

    #[test]
    fn an_app_reads_the_secret_from_text_or_from_its_uri() {
        assert_eq!(secret().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            secret().uri("ann@example.com"),
            "otpauth://totp/Banter:ann%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Banter&algorithm=SHA1&digits=6&period=30"
        );
        assert_ne!(TotpSecret::random().base32(), TotpSecret::random().base32());
        assert!(TotpSecret::from_bytes(&RFC[1..]).is_none());
    }
}
