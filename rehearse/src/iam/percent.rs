//! Strict percent-encoding of URLs (RFC 3986, section 2.1).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but the unreserved characters.
const RESERVED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Everything but the unreserved characters and the separator of paths.
const RESERVED_IN_PATH: AsciiSet = RESERVED.remove(b'/');

/// Decodes `%XX`. Returns `None` for a `%` without two digits, and if the result
/// is not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let valid = text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if !valid {
        return None;
    }
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

/// Encodes a component.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, &RESERVED).to_string()
}

/// Encodes a path, keeping its slashes.
pub fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, &RESERVED_IN_PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_reverses_encoding() {
        let encoded = encode_path("L0SM9cOF/ä=");
        assert_eq!(encoded, "L0SM9cOF/%C3%A4%3D");
        assert_eq!(decode(&encoded).as_deref(), Some("L0SM9cOF/ä="));
        assert_eq!(encode("a/b"), "a%2Fb");
    }

    #[test]
    fn a_broken_escape_is_rejected() {
        for broken in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
