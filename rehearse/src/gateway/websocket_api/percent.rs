//! Percent encoding of URLs (RFC 3986, 2.1).

/// Decodes `%XX`; none where that is not UTF-8 or a `%` is not followed by two digits.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.push(hex(digits[0])? << 4 | hex(digits[1])?);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Encodes everything but the unreserved characters and those in `kept`.
pub fn encode_into(target: &mut String, text: &str, kept: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || kept.contains(&byte) {
            target.push(byte.into());
        } else {
            target.push('%');
            target.push(DIGITS[usize::from(byte >> 4)].into());
            target.push(DIGITS[usize::from(byte & 15)].into());
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        let mut encoded = String::new();
        encode_into(&mut encoded, "L0SM9cOF/ä=", b"/");
        assert_eq!(encoded, "L0SM9cOF/%C3%A4%3D");
        assert_eq!(decode(&encoded).as_deref(), Some("L0SM9cOF/ä="));
    }

    #[test]
    fn a_broken_escape_is_refused() {
        for broken in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
