//! Second factors: TOTP codes, recovery codes and passkey names.

use std::time::Duration;

use std::fmt;

use crate::limits::NAME_CHARS;
use crate::text::{ValidationError, line};

/// The time step of RFC 6238.
pub const TOTP_STEP: Duration = Duration::from_secs(30);
pub const TOTP_DIGITS: usize = 6;
/// Random bytes of a recovery code, enough to store it as a plain hash (OWASP
/// ASVS 5.0, 6.5.2 asks for 112 bits).
pub const RECOVERY_CODE_BYTES: usize = 15;
const RECOVERY_CODE_CHARS: usize = RECOVERY_CODE_BYTES * 8 / 5;
const GROUP: usize = 6;
/// Crockford's base 32: no letter looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactorCode {
    Totp(TotpCode),
    Recovery(RecoveryCode),
}

impl FactorCode {
    /// Parses either form; spaces and hyphens are ignored.
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let totp = TotpCode::read(text).map(Self::Totp);
        totp.or_else(|| RecoveryCode::read(text).map(Self::Recovery))
            .ok_or_else(|| {
                ValidationError::new(
                    field,
                    format!("Enter the {TOTP_DIGITS} digits from your authenticator app, or a recovery code."),
                )
            })
    }
}

/// A TOTP code. `Debug` hides it: codes are never logged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TotpCode(u32);

impl TotpCode {
    /// Parses a code; spaces and hyphens are ignored.
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        Self::read(text).ok_or_else(|| {
            ValidationError::new(
                field,
                format!("Enter the {TOTP_DIGITS} digits from your authenticator app."),
            )
        })
    }

    fn read(text: &str) -> Option<Self> {
        let digits = squeezed(text, TOTP_DIGITS)?;
        let all = digits.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| digits.parse().ok().map(Self)).flatten()
    }

    /// The code as a number below 10^6.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Debug for TotpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpCode(…)")
    }
}

/// A code that replaces the authenticator app once. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    pub fn from_bytes(bytes: [u8; RECOVERY_CODE_BYTES]) -> Self {
        let mut text = String::with_capacity(RECOVERY_CODE_CHARS);
        for five in bytes.chunks(5) {
            let bits = five
                .iter()
                .fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
            for place in (0..8).rev() {
                text.push(char::from(ALPHABET[(bits >> (5 * place)) as usize & 31]));
            }
        }
        Self(text)
    }

    fn read(text: &str) -> Option<Self> {
        let text = squeezed(text, RECOVERY_CODE_CHARS)?;
        let text: String = text
            .to_ascii_lowercase()
            .chars()
            .map(|letter| match letter {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            })
            .collect();
        let all = text.bytes().all(|byte| ALPHABET.contains(&byte));
        all.then_some(Self(text))
    }

    /// The code without its hyphens.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The code in groups, for display.
    pub fn grouped(&self) -> String {
        let groups: Vec<&str> = (0..RECOVERY_CODE_CHARS / GROUP)
            .map(|group| &self.0[group * GROUP..(group + 1) * GROUP])
            .collect();
        groups.join("-")
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// The text without spaces and hyphens, if exactly `count` ASCII characters are left.
fn squeezed(text: &str, count: usize) -> Option<String> {
    let text: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .take(count + 1)
        .collect();
    (text.len() == count && text.is_ascii()).then_some(text)
}

/// The name of a passkey: one line of 1 to [`NAME_CHARS`] characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyName(String);

impl PasskeyName {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        line(field, text, NAME_CHARS).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_are_of_the_app_and_may_be_parted() {
        let code = FactorCode::parse("code", " 012 345\n").unwrap();
        assert!(matches!(code, FactorCode::Totp(code) if code.number() == 12_345));
    }

    #[test]
    fn a_recovery_code_is_the_same_however_it_is_typed() {
        let code = RecoveryCode::from_bytes([0xff; RECOVERY_CODE_BYTES]);
        assert_eq!(code.grouped(), "zzzzzz-zzzzzz-zzzzzz-zzzzzz");
        let code = RecoveryCode::from_bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        let sloppy = format!(" {} ", code.grouped().to_uppercase().replace('0', "O"));
        let typed = FactorCode::parse("code", &sloppy).unwrap();
        assert_eq!(typed, FactorCode::Recovery(code));
    }

    #[test]
    fn a_recovery_code_encodes_every_bit() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        let code = RecoveryCode::from_bytes(bytes);
        assert_eq!(code.as_str(), "041061050r3gg28a1c60t3gf");
        for bit in 0..8 * RECOVERY_CODE_BYTES {
            let mut other = bytes;
            other[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(RecoveryCode::from_bytes(other), code, "bit {bit}");
        }
        assert_eq!(
            RecoveryCode::from_bytes([0; RECOVERY_CODE_BYTES]).as_str(),
            "0".repeat(24)
        );
    }

    #[test]
    fn a_passkey_s_name_is_one_line_of_80_characters() {
        let name = "é".repeat(80);
        assert_eq!(PasskeyName::parse("name", &name).unwrap().as_str(), name);
        for bad in ["", "a\nb", &"é".repeat(81)] {
            let error = PasskeyName::parse("name", bad).unwrap_err();
            assert_eq!(error.field, "name", "{bad}");
        }
    }

    #[test]
    fn anything_else_is_rejected() {
        for text in ["", "12345", "1234567", "12345a", "१२३४५६", &"u".repeat(24)] {
            assert!(FactorCode::parse("code", text).is_err(), "{text}");
        }
        assert!(TotpCode::parse("code", "zzzzzz-zzzzzz-zzzzzz-zzzzzz").is_err());
    }

    #[test]
    fn neither_shows_in_debug_output() {
        let totp = FactorCode::parse("code", "123456").unwrap();
        let recovery = RecoveryCode::from_bytes([7; RECOVERY_CODE_BYTES]);
        assert_eq!(
            format!("{totp:?} {recovery:?}"),
            "Totp(TotpCode(…)) RecoveryCode(…)"
        );
    }
}
