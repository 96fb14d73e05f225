//! Tokens of the links in reset emails: 192 random bits, stored as a plain hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::challenge::CODE_DIGITS;
use ring::digest::{SHA256, digest};

use crate::random;

/// A new token, in characters that need no escaping in a URL. It holds no run of
/// digits that a mail program could take for the code beside it.
pub fn token() -> String {
    loop {
        let token = URL_SAFE_NO_PAD.encode(random::bytes::<24>());
        if !holds_digits(&token) {
            return token;
        }
    }
}

fn holds_digits(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit())
        .any(|run| run.len() >= CODE_DIGITS)
}

/// The id under which a token is stored. A copy of the database gives no token.
pub fn id(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_40_a_token_has_192_bits_and_its_id_does_not_show_it() {
        let (one, other) = (token(), token());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
        assert_ne!(id(&one), id(&other));
        assert!(!id(&one).contains(&one));
    }

    #[test]
    fn a_token_is_never_taken_for_a_code() {
        assert!(holds_digits("abc12345678x"));
        assert!(!holds_digits("1234567-12345_78"));
    }
}
