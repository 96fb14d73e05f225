//! Message parsing: a message is rejected, or all its documents can be decoded.

#![no_main]

use bson::Document;
use libfuzzer_sys::fuzz_target;
use embedded_mongo::wire::{self, Header};

fuzz_target!(|data: &[u8]| {
    let Some((op_code, body)) = data.split_first() else {
        return;
    };
    let op_code = if op_code & 1 == 0 { 2013_i32 } else { 2004 };
    let mut raw = [0; Header::BYTES];
    let length = (body.len() + Header::BYTES) as i32;
    raw[..4].copy_from_slice(&length.to_le_bytes());
    raw[12..].copy_from_slice(&op_code.to_le_bytes());
    let Ok(header) = Header::parse(raw) else {
        return;
    };
    let Ok(request) = wire::parse(&header, &raw, body) else {
        return;
    };
    let documents = request.sequences.into_iter().flat_map(|(_, documents)| documents);
    for document in documents.chain([request.body]) {
        Document::try_from(document).expect("an accepted document can be decoded");
    }
});
