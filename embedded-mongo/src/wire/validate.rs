//! Validates BSON completely, so that later stages can rely on it.

use thiserror::Error;

/// Why bytes are not a valid document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum BsonError {
    #[error("document exceeds the maximum nesting depth of {MAX_DEPTH}")]
    TooDeep,
    #[error("invalid BSON: {0}")]
    Invalid(String),
}

/// Maximum nesting of documents; MongoDB allows 200.
pub(crate) const MAX_DEPTH: usize = 180;

/// Validates the document at the start of a slice and returns its length.
pub(crate) fn document(bytes: &[u8]) -> Result<usize, BsonError> {
    nested(bytes, 0)
}

fn nested(bytes: &[u8], depth: usize) -> Result<usize, BsonError> {
    if depth > MAX_DEPTH {
        return Err(BsonError::TooDeep);
    }
    let length = length_at(bytes, 0)?;
    if length < 5 || length > bytes.len() || bytes[length - 1] != 0 {
        return Err(invalid("document with an invalid length"));
    }
    let (body, mut at) = (&bytes[..length - 1], 4);
    while at < body.len() {
        let kind = body[at];
        at += 1;
        at += text_with_end(&body[at..])?;
        at += value(kind, &body[at..], depth)?;
    }
    if at != body.len() {
        return Err(invalid("document that ends within a value"));
    }
    Ok(length)
}

/// Validates a value and returns its length.
fn value(kind: u8, bytes: &[u8], depth: usize) -> Result<usize, BsonError> {
    let fixed = |length: usize| {
        if length <= bytes.len() {
            Ok(length)
        } else {
            Err(invalid("truncated value"))
        }
    };
    match kind {
        0x01 | 0x09 | 0x11 | 0x12 => fixed(8),
        0x02 | 0x0d | 0x0e => string(bytes),
        0x03 | 0x04 => nested(bytes, depth + 1),
        0x05 => binary(bytes),
        0x06 | 0x0a | 0x7f | 0xff => Ok(0),
        0x07 => fixed(12),
        0x08 => match bytes.first() {
            Some(0 | 1) => Ok(1),
            _ => Err(invalid("boolean that is neither 0 nor 1")),
        },
        0x0b => {
            let pattern = text_with_end(bytes)?;
            Ok(pattern + text_with_end(&bytes[pattern..])?)
        }
        0x0c => Err(invalid("DBPointer, which is deprecated and not supported")),
        0x0f => {
            let length = length_at(bytes, 0)?;
            let code = string(bytes.get(4..).unwrap_or_default())?;
            let scope = nested(bytes.get(4 + code..).unwrap_or_default(), depth + 1)?;
            if length != 4 + code + scope {
                return Err(invalid("code with scope with an invalid length"));
            }
            Ok(length)
        }
        0x10 => fixed(4),
        0x13 => fixed(16),
        _ => Err(BsonError::Invalid(format!("unknown BSON type {kind:#x}"))),
    }
}

fn string(bytes: &[u8]) -> Result<usize, BsonError> {
    let length = length_at(bytes, 0)?;
    let text = bytes
        .get(4..)
        .and_then(|rest| rest.get(..length))
        .ok_or_else(|| invalid("truncated string"))?;
    match text.split_last() {
        Some((0, text)) if std::str::from_utf8(text).is_ok() => Ok(4 + length),
        Some((0, _)) => Err(invalid("string that is not UTF-8")),
        _ => Err(invalid("unterminated string")),
    }
}

fn binary(bytes: &[u8]) -> Result<usize, BsonError> {
    let length = length_at(bytes, 0)?;
    let content = bytes
        .get(5..)
        .and_then(|rest| rest.get(..length))
        .ok_or_else(|| invalid("truncated binary data"))?;
    // Subtype 2 repeats the length inside the data.
    if bytes[4] == 2 && (length < 4 || length_at(content, 0)? != length - 4) {
        return Err(invalid("binary subtype 2 with an invalid length"));
    }
    Ok(5 + length)
}

fn text_with_end(bytes: &[u8]) -> Result<usize, BsonError> {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .ok_or_else(|| invalid("unterminated name"))?;
    match std::str::from_utf8(&bytes[..end]) {
        Ok(_) => Ok(end + 1),
        Err(_) => Err(invalid("name that is not UTF-8")),
    }
}

fn length_at(bytes: &[u8], at: usize) -> Result<usize, BsonError> {
    let word: [u8; 4] = bytes
        .get(at..at + 4)
        .and_then(|word| word.try_into().ok())
        .ok_or_else(|| invalid("truncated length"))?;
    usize::try_from(i32::from_le_bytes(word)).map_err(|_| invalid("negative length"))
}

fn invalid(what: &str) -> BsonError {
    BsonError::Invalid(what.to_owned())
}
