//! Reading messages.

use super::{MAX_MESSAGE_BYTES, checksum, validate};
use bson::RawDocumentBuf;
use thiserror::Error;

/// The four numbers before every message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The length of the whole message in bytes, these sixteen included.
    pub length: usize,
    /// What an answer must refer to.
    pub request_id: i32,
    /// The kind of message.
    pub op_code: i32,
}

/// Why a message cannot be read; the connection ends with it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("malformed message: {0}")]
pub struct Malformed(pub(super) String);

/// A command as it was sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// The command itself.
    pub body: RawDocumentBuf,
    /// Arguments that were sent beside the command, as series of documents.
    pub sequences: Vec<(String, Vec<RawDocumentBuf>)>,
    /// Whether the client wants no answer.
    pub silent: bool,
    /// Whether the command came as OP_QUERY, as the first `hello` may.
    pub legacy: bool,
}

const OP_QUERY: i32 = 2004;
const OP_MSG: i32 = 2013;
const CHECKSUM_PRESENT: u32 = 1;
const MORE_TO_COME: u32 = 1 << 1;
/// Flags above these bits are optional, and may be ignored.
const REQUIRED_FLAGS: u32 = 0xffff;

impl Header {
    /// The bytes that a header takes.
    pub const BYTES: usize = 16;

    /// Reads a header.
    ///
    /// # Errors
    /// Lengths that no message has.
    pub fn parse(bytes: [u8; Self::BYTES]) -> Result<Self, Malformed> {
        let word = |at: usize| {
            i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let length = usize::try_from(word(0)).unwrap_or(0);
        if !(Self::BYTES + 5..=MAX_MESSAGE_BYTES).contains(&length) {
            return Err(Malformed(format!("a length of {} bytes", word(0))));
        }
        Ok(Self {
            length,
            request_id: word(4),
            op_code: word(12),
        })
    }

    /// The bytes of a header.
    pub(super) fn to_bytes(self, response_to: i32) -> [u8; Self::BYTES] {
        let words = [
            i32::try_from(self.length).unwrap_or(i32::MAX),
            self.request_id,
            response_to,
            self.op_code,
        ];
        let mut bytes = [0; Self::BYTES];
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

/// Reads what follows a header; `header` is needed again for the checksum.
///
/// # Errors
/// Bytes that are no message that this server understands.
pub fn parse(header: &Header, raw_header: &[u8], body: &[u8]) -> Result<Request, Malformed> {
    if body.len() + Header::BYTES != header.length {
        return Err(Malformed("the length and the bytes differ".to_owned()));
    }
    match header.op_code {
        OP_MSG => message(raw_header, body),
        OP_QUERY => query(body),
        other => Err(Malformed(format!(
            "operation code {other} is not supported"
        ))),
    }
}

fn message(raw_header: &[u8], body: &[u8]) -> Result<Request, Malformed> {
    let mut reader = Reader(body);
    let flags = reader.word()? as u32;
    if flags & REQUIRED_FLAGS & !(CHECKSUM_PRESENT | MORE_TO_COME) != 0 {
        return Err(Malformed(format!("unknown required flags {flags:#x}")));
    }
    if flags & CHECKSUM_PRESENT != 0 {
        let (rest, checksum) = reader
            .0
            .split_last_chunk::<4>()
            .ok_or_else(|| Malformed("no room for the checksum".to_owned()))?;
        let covered = &body[..body.len() - 4];
        if checksum::crc32c(&[raw_header, covered]) != u32::from_le_bytes(*checksum) {
            return Err(Malformed("the checksum does not fit".to_owned()));
        }
        reader.0 = rest;
    }
    let mut command = None;
    let mut sequences: Vec<(String, Vec<RawDocumentBuf>)> = Vec::new();
    while !reader.0.is_empty() {
        match reader.byte()? {
            0 if command.is_none() => command = Some(reader.document()?),
            0 => return Err(Malformed("two bodies".to_owned())),
            1 => {
                let (name, documents) = reader.sequence()?;
                if sequences.iter().any(|(other, _)| *other == name) {
                    return Err(Malformed(format!("two sequences named {name}")));
                }
                sequences.push((name, documents));
            }
            kind => return Err(Malformed(format!("unknown section kind {kind}"))),
        }
    }
    let body = command.ok_or_else(|| Malformed("no body".to_owned()))?;
    if let Some((name, _)) = sequences
        .iter()
        .find(|(name, _)| !matches!(body.get(name), Ok(None)))
    {
        return Err(Malformed(format!("{name} is in the body and beside it")));
    }
    Ok(Request {
        body,
        sequences,
        silent: flags & MORE_TO_COME != 0,
        legacy: false,
    })
}

fn query(body: &[u8]) -> Result<Request, Malformed> {
    let mut reader = Reader(body);
    reader.word()?;
    let namespace = reader.text()?;
    let database = namespace
        .strip_suffix(".$cmd")
        .ok_or_else(|| Malformed("OP_QUERY is only for commands".to_owned()))?
        .to_owned();
    reader.word()?;
    reader.word()?;
    let mut body = reader.document()?;
    if !reader.0.is_empty() {
        return Err(Malformed("bytes after the query".to_owned()));
    }
    if matches!(body.get("$db"), Ok(None)) {
        body.append(bson::raw::cstr!("$db"), database);
    }
    Ok(Request {
        body,
        sequences: Vec::new(),
        silent: false,
        legacy: true,
    })
}

/// Takes pieces from the front of some bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        if count > self.0.len() {
            return Err(Malformed("the bytes end too early".to_owned()));
        }
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    fn word(&mut self) -> Result<i32, Malformed> {
        let bytes = self.take(4)?;
        Ok(i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn text(&mut self) -> Result<&'a str, Malformed> {
        let end = self
            .0
            .iter()
            .position(|byte| *byte == 0)
            .ok_or_else(|| Malformed("a name without an end".to_owned()))?;
        let taken = self.take(end + 1)?;
        std::str::from_utf8(&taken[..end])
            .map_err(|_| Malformed("a name that is not UTF-8".to_owned()))
    }

    fn document(&mut self) -> Result<RawDocumentBuf, Malformed> {
        let length = validate::document(self.0)?;
        let bytes = self.take(length)?;
        RawDocumentBuf::from_bytes(bytes.to_vec()).map_err(|error| Malformed(error.to_string()))
    }

    fn sequence(&mut self) -> Result<(String, Vec<RawDocumentBuf>), Malformed> {
        let length = usize::try_from(self.word()?)
            .ok()
            .and_then(|length| length.checked_sub(4))
            .ok_or_else(|| Malformed("a sequence that is too short".to_owned()))?;
        let mut inner = Reader(self.take(length)?);
        let name = inner.text()?.to_owned();
        let mut documents = Vec::new();
        while !inner.0.is_empty() {
            documents.push(inner.document()?);
        }
        Ok((name, documents))
    }
}
