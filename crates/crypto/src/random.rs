//! What must not be guessed: ids and codes, from the system's generator.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Code;
use domain::challenge::CODE_DIGITS;
use ring::rand::{SecureRandom, SystemRandom};

/// An id of 128 random bits, as 22 characters that need no escaping in a URL.
pub fn id() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<16>())
}

/// A uniformly distributed code (OWASP ASVS 6.5.3).
pub fn code() -> Code {
    loop {
        if let Some(code) = code_of(u32::from_le_bytes(bytes())) {
            return code;
        }
    }
}

/// `None` for numbers of the incomplete last run of 10^8 below 2^32, which would
/// make some codes more likely than others.
fn code_of(number: u32) -> Option<Code> {
    const CODES: u32 = 10u32.pow(CODE_DIGITS as u32);
    const BIASED_FROM: u32 = u32::MAX - u32::MAX % CODES;
    (number < BIASED_FROM).then(|| Code::from_number(number % CODES))
}

pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_10_ids_are_128_bits_and_never_the_same() {
        let ids: std::collections::BTreeSet<_> = (0..1_000).map(|_| id()).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(ids.iter().all(|id| domain::text::is_id(id)));
        let bits = ids
            .iter()
            .map(|id| 8 * URL_SAFE_NO_PAD.decode(id).unwrap().len());
        assert!(bits.into_iter().all(|bits| bits == 128));
    }

    #[test]
    fn item_01_numbers_that_would_make_a_code_more_likely_are_discarded() {
        let code = |number| code_of(number).map(|code| code.as_str().to_owned());
        assert_eq!(code(0).as_deref(), Some("00000000"));
        assert_eq!(code(100_000_001).as_deref(), Some("00000001"));
        assert_eq!(code(4_199_999_999).as_deref(), Some("99999999"));
        assert_eq!(code(4_200_000_000), None);
        assert_eq!(code(u32::MAX), None);
    }

    #[test]
    fn item_01_codes_are_uniform_over_their_first_and_last_digit() {
        let mut counts = [[0u32; 10]; 2];
        for _ in 0..100_000 {
            let code = code();
            let digits = code.as_str().as_bytes();
            counts[0][usize::from(digits[0] - b'0')] += 1;
            counts[1][usize::from(digits[7] - b'0')] += 1;
        }
        // Chi-squared with 9 degrees of freedom stays below 40 but once in 10^5.
        for digit in counts {
            let chi_squared: f64 = digit
                .iter()
                .map(|n| (f64::from(*n) - 10_000.0).powi(2) / 10_000.0)
                .sum();
            assert!(chi_squared < 40.0, "{digit:?}");
        }
    }
}
