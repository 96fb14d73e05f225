//! Total order of BSON values.

use std::cmp::Ordering;

use bson::{Bson, RawArray, RawBson, RawBsonRef, RawDocument};

use super::{elements, fields, number};

/// Sort rank of a value's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Rank {
    MinKey = 1,
    Undefined,
    Null,
    Number,
    String,
    Document,
    Array,
    Binary,
    ObjectId,
    Boolean,
    DateTime,
    Timestamp,
    Regex,
    DbPointer,
    Code,
    CodeWithScope,
    MaxKey,
}

pub(crate) fn rank(value: RawBsonRef<'_>) -> Rank {
    match value {
        RawBsonRef::MinKey => Rank::MinKey,
        RawBsonRef::Undefined => Rank::Undefined,
        RawBsonRef::Null => Rank::Null,
        RawBsonRef::Double(_)
        | RawBsonRef::Int32(_)
        | RawBsonRef::Int64(_)
        | RawBsonRef::Decimal128(_) => Rank::Number,
        RawBsonRef::String(_) | RawBsonRef::Symbol(_) => Rank::String,
        RawBsonRef::Document(_) => Rank::Document,
        RawBsonRef::Array(_) => Rank::Array,
        RawBsonRef::Binary(_) => Rank::Binary,
        RawBsonRef::ObjectId(_) => Rank::ObjectId,
        RawBsonRef::Boolean(_) => Rank::Boolean,
        RawBsonRef::DateTime(_) => Rank::DateTime,
        RawBsonRef::Timestamp(_) => Rank::Timestamp,
        RawBsonRef::RegularExpression(_) => Rank::Regex,
        RawBsonRef::DbPointer(_) => Rank::DbPointer,
        RawBsonRef::JavaScriptCode(_) => Rank::Code,
        RawBsonRef::JavaScriptCodeWithScope(_) => Rank::CodeWithScope,
        RawBsonRef::MaxKey => Rank::MaxKey,
    }
}

pub(crate) fn compare(left: RawBsonRef<'_>, right: RawBsonRef<'_>) -> Ordering {
    use RawBsonRef as Raw;
    match (left, right) {
        (Raw::String(a) | Raw::Symbol(a), Raw::String(b) | Raw::Symbol(b)) => a.cmp(b),
        (Raw::ObjectId(a), Raw::ObjectId(b)) => a.bytes().cmp(&b.bytes()),
        (Raw::DateTime(a), Raw::DateTime(b)) => a.cmp(&b),
        (Raw::Boolean(a), Raw::Boolean(b)) => a.cmp(&b),
        (Raw::Timestamp(a), Raw::Timestamp(b)) => (a.time, a.increment).cmp(&(b.time, b.increment)),
        (Raw::Document(a), Raw::Document(b)) => compare_documents(a, b),
        (Raw::Array(a), Raw::Array(b)) => compare_arrays(a, b),
        (Raw::Binary(a), Raw::Binary(b)) => {
            let parts = |x: bson::RawBinaryRef<'_>| (x.bytes.len(), u8::from(x.subtype));
            parts(a).cmp(&parts(b)).then_with(|| a.bytes.cmp(b.bytes))
        }
        (Raw::RegularExpression(a), Raw::RegularExpression(b)) => {
            (a.pattern.as_str(), a.options.as_str()).cmp(&(b.pattern.as_str(), b.options.as_str()))
        }
        (Raw::JavaScriptCode(a), Raw::JavaScriptCode(b)) => a.cmp(b),
        (Raw::JavaScriptCodeWithScope(a), Raw::JavaScriptCodeWithScope(b)) => a
            .code
            .cmp(b.code)
            .then_with(|| compare_documents(a.scope, b.scope)),
        _ => number::compare(left, right).unwrap_or_else(|| rank(left).cmp(&rank(right))),
    }
}

pub(crate) fn compare_owned(left: &Bson, right: &Bson) -> Ordering {
    match (left, right) {
        (Bson::Int32(a), Bson::Int32(b)) => a.cmp(b),
        (Bson::Int64(a), Bson::Int64(b)) => a.cmp(b),
        (Bson::String(a), Bson::String(b)) => a.cmp(b),
        (Bson::DateTime(a), Bson::DateTime(b)) => a.cmp(b),
        _ => compare(
            raw_of(left).as_raw_bson_ref(),
            raw_of(right).as_raw_bson_ref(),
        ),
    }
}

/// Equality by sort order: 1 equals 1.0.
pub(crate) fn equal(left: &Bson, right: &Bson) -> bool {
    compare_owned(left, right) == Ordering::Equal
}

pub(crate) fn raw_of(value: &Bson) -> RawBson {
    RawBson::try_from(value.clone()).expect("values come from validated documents")
}

fn compare_documents(left: &RawDocument, right: &RawDocument) -> Ordering {
    let (mut left, mut right) = (fields(left), fields(right));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some((a_name, a)), Some((b_name, b))) => {
                let order = rank(a)
                    .cmp(&rank(b))
                    .then_with(|| a_name.cmp(b_name))
                    .then_with(|| compare(a, b));
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
    }
}

fn compare_arrays(left: &RawArray, right: &RawArray) -> Ordering {
    let (mut left, mut right) = (elements(left), elements(right));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match compare(a, b) {
                Ordering::Equal => {}
                order => return order,
            },
        }
    }
}
