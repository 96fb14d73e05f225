//! BSON values: sort order, type names, dotted paths and numbers.

pub(crate) mod arithmetic;
pub(crate) mod key;
pub(crate) mod kind;
pub(crate) mod number;
pub(crate) mod order;
pub(crate) mod path;
pub(crate) mod size;

use bson::{Bson, Document, RawArray, RawBsonRef, RawDocument, RawDocumentBuf};

/// Encodes a document.
///
/// Documents come from validated bytes or are built from parts of them, so the
/// only possible failure is a field name that contains a NUL byte.
pub(crate) fn to_raw(document: &Document) -> crate::error::Result<RawDocumentBuf> {
    RawDocumentBuf::try_from(document).map_err(|error| {
        crate::error::CommandError::bad_value(format!(
            "the document cannot be written as BSON: {error}"
        ))
    })
}

pub(crate) fn to_document(raw: &RawDocument) -> Document {
    Document::try_from(raw).expect("documents are validated before they are stored")
}

pub(crate) fn to_bson(raw: RawBsonRef<'_>) -> Bson {
    Bson::try_from(raw).expect("documents are validated before they are stored")
}

/// The fields of a validated document.
pub(crate) fn fields(raw: &RawDocument) -> impl Iterator<Item = (&str, RawBsonRef<'_>)> {
    raw.iter()
        .map_while(Result::ok)
        .map(|(name, value)| (name.as_str(), value))
}

/// The elements of a validated array.
pub(crate) fn elements(raw: &RawArray) -> impl Iterator<Item = RawBsonRef<'_>> {
    raw.into_iter().map_while(Result::ok)
}

/// The value of one field of a validated document.
pub(crate) fn field<'a>(raw: &'a RawDocument, name: &str) -> Option<RawBsonRef<'a>> {
    raw.iter_elements()
        .map_while(Result::ok)
        .find(|element| element.key() == name)
        .and_then(|element| element.value().ok())
}

/// Whether a value coerces to true: everything except `false`, null, undefined
/// and zero.
pub(crate) fn is_truthy(value: &Bson) -> bool {
    match value {
        Bson::Null | Bson::Undefined => false,
        Bson::Boolean(flag) => *flag,
        Bson::Int32(number) => *number != 0,
        Bson::Int64(number) => *number != 0,
        Bson::Double(number) => *number != 0.0,
        Bson::Decimal128(number) => !number::Exact::from_decimal(*number).is_zero(),
        _ => true,
    }
}
