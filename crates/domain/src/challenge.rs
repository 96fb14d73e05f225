//! Challenges and the codes that answer them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::ValidationError;

/// How many digits a code has (OWASP ASVS 5.0, 6.5.4 asks for 20 bits; these are 26).
pub const CODE_DIGITS: usize = 8;

/// What a challenge is for. A code of one purpose is not accepted for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    Register,
    Login,
    Reset,
}

impl Purpose {
    /// The name under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::Reset => "reset",
        }
    }
}

/// A one-time code of eight digits. `Debug` hides it: codes are never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// The code with this number, which must be below 10^8.
    pub fn from_number(number: u32) -> Self {
        Self(format!("{number:0CODE_DIGITS$}"))
    }

    /// Parses a code; spaces and hyphens are ignored.
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let digits: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .take(CODE_DIGITS + 1)
            .collect();
        if digits.len() == CODE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(digits))
        } else {
            Err(ValidationError::new(
                field,
                format!("Enter the {CODE_DIGITS} digits from the email."),
            ))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_have_the_names_of_the_protocol() {
        for purpose in [Purpose::Register, Purpose::Login, Purpose::Reset] {
            let json = serde_json::to_string(&purpose).unwrap();
            assert_eq!(json, format!("\"{}\"", purpose.as_str()));
        }
    }

    #[test]
    fn a_code_is_hidden_in_debug_output() {
        assert_eq!(format!("{:?}", Code::from_number(1)), "Code(…)");
    }

    #[test]
    fn a_code_keeps_its_leading_zeros() {
        assert_eq!(Code::from_number(42).as_str(), "00000042");
    }

    #[test]
    fn a_pasted_code_may_hold_spaces_and_hyphens_but_nothing_else() {
        assert_eq!(
            Code::parse("code", " 1234-5678\n").unwrap().as_str(),
            "12345678"
        );
        for text in ["1234567", "123456789", "1234567a", "", "१२३४५६७८"] {
            assert!(Code::parse("code", text).is_err(), "{text}");
        }
    }
}
