//! Values as bytes that sort as the values do, for indexes and for sorting.
//!
//! Every encoding ends itself, so that keys of several fields are their fields'
//! keys one after the other, and a descending field is its bytes inverted.

use super::{elements, fields, number, order};
use bson::{Bson, RawBsonRef};

/// Ends a document or an array: less than any type's byte.
const END: u8 = 0;

/// Appends the key of one value.
pub(crate) fn push(out: &mut Vec<u8>, value: RawBsonRef<'_>) {
    out.push(order::rank(value) as u8);
    push_payload(out, value);
}

/// Appends the key of one field of an index, inverted where it descends.
pub(crate) fn push_directed(out: &mut Vec<u8>, value: RawBsonRef<'_>, descending: bool) {
    let start = out.len();
    push(out, value);
    if descending {
        invert(&mut out[start..]);
    }
}

/// Turns the order of a key round.
pub(crate) fn invert(bytes: &mut [u8]) {
    bytes.iter_mut().for_each(|byte| *byte = !*byte);
}

/// The key of one value.
pub(crate) fn of(value: RawBsonRef<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    push(&mut out, value);
    out
}

/// The key of one value that stands alone.
pub(crate) fn of_owned(value: &Bson) -> Vec<u8> {
    of(order::raw_of(value).as_raw_bson_ref())
}

fn push_payload(out: &mut Vec<u8>, value: RawBsonRef<'_>) {
    match value {
        RawBsonRef::MinKey
        | RawBsonRef::Undefined
        | RawBsonRef::Null
        | RawBsonRef::MaxKey
        // Documents with database pointers are refused at the door.
        | RawBsonRef::DbPointer(_) => {}
        RawBsonRef::Double(_)
        | RawBsonRef::Int32(_)
        | RawBsonRef::Int64(_)
        | RawBsonRef::Decimal128(_) => {
            number::push_ordered(out, value);
        }
        RawBsonRef::String(text) | RawBsonRef::Symbol(text) | RawBsonRef::JavaScriptCode(text) => {
            push_text(out, text);
        }
        RawBsonRef::Document(document) => {
            for (name, value) in fields(document) {
                out.push(order::rank(value) as u8);
                push_text(out, name);
                push_payload(out, value);
            }
            out.push(END);
        }
        RawBsonRef::Array(array) => {
            for value in elements(array) {
                push(out, value);
            }
            out.push(END);
        }
        RawBsonRef::Binary(binary) => {
            out.extend((binary.bytes.len() as u32).to_be_bytes());
            out.push(u8::from(binary.subtype));
            out.extend(binary.bytes);
        }
        RawBsonRef::ObjectId(id) => out.extend(id.bytes()),
        RawBsonRef::Boolean(flag) => out.push(u8::from(flag)),
        RawBsonRef::DateTime(date) => {
            out.extend((date.timestamp_millis() as u64 ^ 1 << 63).to_be_bytes());
        }
        RawBsonRef::Timestamp(stamp) => {
            out.extend(stamp.time.to_be_bytes());
            out.extend(stamp.increment.to_be_bytes());
        }
        RawBsonRef::RegularExpression(regex) => {
            push_text(out, regex.pattern.as_str());
            push_text(out, regex.options.as_str());
        }
        RawBsonRef::JavaScriptCodeWithScope(code) => {
            push_text(out, code.code);
            push_payload(out, RawBsonRef::Document(code.scope));
        }
    }
}

/// NUL becomes `00 ff` and the end is `00 01`, which is less than anything that
/// could follow.
fn push_text(out: &mut Vec<u8>, text: &str) {
    for part in text.as_bytes().split_inclusive(|byte| *byte == 0) {
        out.extend(part);
        if part.last() == Some(&0) {
            out.push(0xff);
        }
    }
    out.extend([0, 1]);
}
