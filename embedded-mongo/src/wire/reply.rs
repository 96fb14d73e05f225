//! Writing answers.

use super::Header;
use bson::RawDocument;

const OP_REPLY: i32 = 1;
const OP_MSG: i32 = 2013;

/// The bytes of an answer to a request.
pub(crate) fn encode(
    reply: &RawDocument,
    request_id: i32,
    answer_id: i32,
    legacy: bool,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(Header::BYTES + 20 + reply.as_bytes().len());
    bytes.extend([0; Header::BYTES]);
    if legacy {
        // Flags, cursor, starting point, and one document.
        bytes.extend(8_i32.to_le_bytes());
        bytes.extend(0_i64.to_le_bytes());
        bytes.extend(0_i32.to_le_bytes());
        bytes.extend(1_i32.to_le_bytes());
    } else {
        // No flags, and one section with the body.
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
