//! Decodes and encodes wire messages.

use bson::{RawDocument, RawDocumentBuf};
use thiserror::Error;

use super::MAX_MESSAGE_BYTES;
use super::validate::{self, BsonError};

/// The header of a wire message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Length of the message in bytes, including the header.
    pub length: usize,
    /// Identifier that the reply refers to.
    pub request_id: i32,
    /// Message type.
    pub op_code: i32,
}

/// A message that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    /// The header or the flags are invalid, so the connection must be closed.
    #[error("malformed message: {0}")]
    Malformed(String),
    /// The content is invalid and the sender gets an error reply.
    #[error("invalid message: {message}")]
    Invalid {
        /// MongoDB's error code.
        code: i32,
        /// The error message.
        message: String,
        /// Whether the client expects no reply.
        more_to_come: bool,
    },
}

/// An invalid section of a message.
struct SectionError {
    code: i32,
    message: String,
}

impl From<BsonError> for SectionError {
    fn from(error: BsonError) -> Self {
        let code = match error {
            BsonError::TooDeep => 15,
            BsonError::Invalid(_) => 22,
        };
        Self {
            code,
            message: error.to_string(),
        }
    }
}

fn malformed(message: impl Into<String>) -> MessageError {
    MessageError::Malformed(message.into())
}

fn section_error(code: i32, message: impl Into<String>) -> SectionError {
    SectionError {
        code,
        message: message.into(),
    }
}

/// A decoded command.
#[derive(Debug, Clone)]
pub struct Request {
    /// The command document.
    pub body: RawDocumentBuf,
    /// Document sequence sections (kind 1), by argument name.
    pub sequences: Vec<(String, Vec<RawDocumentBuf>)>,
    /// Whether the client expects no reply (`moreToCome`).
    pub more_to_come: bool,
    /// Whether the command was sent as OP_QUERY, as the first `hello` may be.
    pub legacy: bool,
}

const OP_REPLY: i32 = 1;
const OP_QUERY: i32 = 2004;
const OP_MSG: i32 = 2013;
const CHECKSUM_PRESENT: u32 = 1;
const MORE_TO_COME: u32 = 1 << 1;
/// Flags outside these bits are optional.
const REQUIRED_FLAGS: u32 = 0xffff;

impl Header {
    /// Size of a header.
    pub const BYTES: usize = 16;

    /// Decodes a header.
    ///
    /// # Errors
    /// Returns an error if the length is outside the limits of a message.
    pub fn parse(bytes: [u8; Self::BYTES]) -> Result<Self, MessageError> {
        let word = |at: usize| {
            i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let length = usize::try_from(word(0)).unwrap_or(0);
        if !(Self::BYTES + 5..=MAX_MESSAGE_BYTES).contains(&length) {
            return Err(malformed(format!("invalid length of {} bytes", word(0))));
        }
        Ok(Self {
            length,
            request_id: word(4),
            op_code: word(12),
        })
    }

    pub(super) fn to_bytes(self, response_to: i32) -> [u8; Self::BYTES] {
        let words = [
            i32::try_from(self.length).unwrap_or(i32::MAX),
            self.request_id,
            response_to,
            self.op_code,
        ];
        let mut bytes = [0; Self::BYTES];
        for (chunk, word) in bytes.chunks_exact_mut(4).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

/// Decodes the body of a message. `raw_header` is covered by the checksum.
///
/// # Errors
/// Returns an error if the message is malformed or not supported.
pub fn parse(header: &Header, raw_header: &[u8], body: &[u8]) -> Result<Request, MessageError> {
    if body.len() + Header::BYTES != header.length {
        return Err(malformed("length does not match the received bytes"));
    }
    match header.op_code {
        OP_MSG => message(raw_header, body),
        OP_QUERY => query(body).map_err(|error| malformed(error.message)),
        other => Err(malformed(format!(
            "operation code {other} is not supported"
        ))),
    }
}

fn message(raw_header: &[u8], body: &[u8]) -> Result<Request, MessageError> {
    let mut reader = Reader(body);
    let flags = reader.word().map_err(|error| malformed(error.message))? as u32;
    if flags & REQUIRED_FLAGS & !(CHECKSUM_PRESENT | MORE_TO_COME) != 0 {
        return Err(malformed(format!("unknown required flags {flags:#x}")));
    }
    if flags & CHECKSUM_PRESENT != 0 {
        let (rest, checksum) = reader
            .0
            .split_last_chunk::<4>()
            .ok_or_else(|| malformed("too short for a checksum"))?;
        let covered = &body[..body.len() - 4];
        if crc32c(&[raw_header, covered]) != u32::from_le_bytes(*checksum) {
            return Err(malformed("checksum mismatch"));
        }
        reader.0 = rest;
    }
    let more_to_come = flags & MORE_TO_COME != 0;
    let (body, sequences) = sections(reader).map_err(|error| MessageError::Invalid {
        code: error.code,
        message: error.message,
        more_to_come,
    })?;
    Ok(Request {
        body,
        sequences,
        more_to_come,
        legacy: false,
    })
}

type Sequences = Vec<(String, Vec<RawDocumentBuf>)>;

fn sections(mut reader: Reader<'_>) -> Result<(RawDocumentBuf, Sequences), SectionError> {
    let mut body = None;
    let mut sequences = Sequences::new();
    while !reader.0.is_empty() {
        match reader.byte()? {
            0 if body.is_none() => body = Some(reader.document()?),
            0 => return Err(section_error(40430, "more than one body section")),
            1 => {
                let (name, documents) = reader.sequence()?;
                if sequences.iter().any(|(other, _)| *other == name) {
                    let message = format!("duplicate document sequence {name}");
                    return Err(section_error(40431, message));
                }
                sequences.push((name, documents));
            }
            kind => {
                let message = format!("unknown section kind {kind}");
                return Err(section_error(40432, message));
            }
        }
    }
    let body = body.ok_or_else(|| section_error(40587, "no body section"))?;
    match sequences
        .iter()
        .find(|(name, _)| !matches!(body.get(name), Ok(None)))
    {
        None => Ok((body, sequences)),
        Some((name, _)) => Err(section_error(
            40433,
            format!("{name} is both in the body and in a document sequence"),
        )),
    }
}

fn query(body: &[u8]) -> Result<Request, SectionError> {
    let mut reader = Reader(body);
    reader.word()?;
    let namespace = reader.c_string()?;
    let database = namespace
        .strip_suffix(".$cmd")
        .ok_or_else(|| section_error(22, "OP_QUERY is supported only for commands"))?
        .to_owned();
    reader.word()?;
    reader.word()?;
    let mut body = reader.document()?;
    if !reader.0.is_empty() {
        return Err(section_error(22, "trailing bytes after the query"));
    }
    if matches!(body.get("$db"), Ok(None)) {
        body.append(bson::raw::cstr!("$db"), database);
    }
    Ok(Request {
        body,
        sequences: Vec::new(),
        more_to_come: false,
        legacy: true,
    })
}

/// Reads from the front of a byte slice.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], SectionError> {
        if count > self.0.len() {
            return Err(section_error(22, "unexpected end of message"));
        }
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, SectionError> {
        Ok(self.take(1)?[0])
    }

    fn word(&mut self) -> Result<i32, SectionError> {
        let bytes = self.take(4)?;
        Ok(i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn c_string(&mut self) -> Result<&'a str, SectionError> {
        let end = self
            .0
            .iter()
            .position(|byte| *byte == 0)
            .ok_or_else(|| section_error(22, "unterminated name"))?;
        let taken = self.take(end + 1)?;
        std::str::from_utf8(&taken[..end]).map_err(|_| section_error(22, "name that is not UTF-8"))
    }

    fn document(&mut self) -> Result<RawDocumentBuf, SectionError> {
        let length = validate::document(self.0)?;
        let bytes = self.take(length)?;
        RawDocumentBuf::from_bytes(bytes.to_vec())
            .map_err(|error| section_error(22, error.to_string()))
    }

    fn sequence(&mut self) -> Result<(String, Vec<RawDocumentBuf>), SectionError> {
        let length = usize::try_from(self.word()?)
            .ok()
            .and_then(|length| length.checked_sub(4))
            .ok_or_else(|| section_error(22, "document sequence with an invalid length"))?;
        let mut inner = Reader(self.take(length)?);
        let name = inner.c_string()?.to_owned();
        let mut documents = Vec::new();
        while !inner.0.is_empty() {
            documents.push(inner.document()?);
        }
        Ok((name, documents))
    }
}

/// Encodes a reply.
pub(crate) fn encode(
    reply: &RawDocument,
    request_id: i32,
    answer_id: i32,
    legacy: bool,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(Header::BYTES + 20 + reply.as_bytes().len());
    bytes.extend([0; Header::BYTES]);
    if legacy {
        // responseFlags, cursorID, startingFrom, numberReturned.
        bytes.extend(8_i32.to_le_bytes());
        bytes.extend(0_i64.to_le_bytes());
        bytes.extend(0_i32.to_le_bytes());
        bytes.extend(1_i32.to_le_bytes());
    } else {
        // flagBits and one body section.
        bytes.extend([0; 5]);
    }
    bytes.extend(reply.as_bytes());
    let header = Header {
        length: bytes.len(),
        request_id: answer_id,
        op_code: if legacy { OP_REPLY } else { OP_MSG },
    };
    bytes[..Header::BYTES].copy_from_slice(&header.to_bytes(request_id));
    bytes
}

/// CRC-32C of every byte value, for the reflected Castagnoli polynomial.
const CRC32C: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0x82f6_3b78
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// CRC-32C of the concatenated parts.
pub(crate) fn crc32c(parts: &[&[u8]]) -> u32 {
    let mut crc = u32::MAX;
    for byte in parts.iter().copied().flatten() {
        crc = crc >> 8 ^ CRC32C[usize::from(crc as u8 ^ byte)];
    }
    !crc
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checksum_is_that_of_the_standard_example() {
        assert_eq!(super::crc32c(&[b"1234", b"56789"]), 0xe306_9283);
    }
}
