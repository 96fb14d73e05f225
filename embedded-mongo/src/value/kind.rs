//! Names and numbers of the BSON types, as `$type` takes them.

use bson::{Bson, RawBsonRef, spec::ElementType};

const ALIASES: [(&str, ElementType); 21] = [
    ("double", ElementType::Double),
    ("string", ElementType::String),
    ("object", ElementType::EmbeddedDocument),
    ("array", ElementType::Array),
    ("binData", ElementType::Binary),
    ("undefined", ElementType::Undefined),
    ("objectId", ElementType::ObjectId),
    ("bool", ElementType::Boolean),
    ("date", ElementType::DateTime),
    ("null", ElementType::Null),
    ("regex", ElementType::RegularExpression),
    ("dbPointer", ElementType::DbPointer),
    ("javascript", ElementType::JavaScriptCode),
    ("symbol", ElementType::Symbol),
    ("javascriptWithScope", ElementType::JavaScriptCodeWithScope),
    ("int", ElementType::Int32),
    ("timestamp", ElementType::Timestamp),
    ("long", ElementType::Int64),
    ("decimal", ElementType::Decimal128),
    ("minKey", ElementType::MinKey),
    ("maxKey", ElementType::MaxKey),
];

pub(crate) const NUMBERS: [ElementType; 4] = [
    ElementType::Double,
    ElementType::Int32,
    ElementType::Int64,
    ElementType::Decimal128,
];

pub(crate) fn name(kind: ElementType) -> &'static str {
    ALIASES
        .iter()
        .find(|(_, candidate)| *candidate == kind)
        .map_or("unknown", |(alias, _)| alias)
}

pub(crate) fn name_of(value: &Bson) -> &'static str {
    name(value.element_type())
}

/// The types that an operand of `$type` denotes; `None` if unknown.
pub(crate) fn parse(operand: RawBsonRef<'_>) -> Option<Vec<ElementType>> {
    let number = match operand {
        RawBsonRef::String("number") => return Some(NUMBERS.to_vec()),
        RawBsonRef::String(alias) => {
            return ALIASES
                .iter()
                .find(|(name, _)| *name == alias)
                .map(|(_, kind)| vec![*kind]);
        }
        RawBsonRef::Int32(number) => number,
        RawBsonRef::Int64(number) => i32::try_from(number).ok()?,
        RawBsonRef::Double(number) if number.fract() == 0.0 && number.abs() < 256.0 => {
            number as i32
        }
        _ => return None,
    };
    let byte = match number {
        -1 => 0xff,
        1..=19 | 127 => number as u8,
        _ => return None,
    };
    ElementType::from(byte).map(|kind| vec![kind])
}
