//! BSON values as MongoDB sees them: their order, their types' names, the
//! paths that lead to them, and numbers.

pub(crate) mod arithmetic;
pub(crate) mod key;
pub(crate) mod kind;
pub(crate) mod number;
pub(crate) mod order;
pub(crate) mod path;

use bson::{Bson, Document, RawArray, RawBsonRef, RawDocument, RawDocumentBuf};

/// A document as bytes, from its fields.
///
/// Documents here come from bytes that were checked at the door or were made of
/// parts of such, so that the only failure left is a field name with a NUL byte,
/// which BSON cannot carry.
pub(crate) fn to_raw(document: &Document) -> crate::error::Outcome<RawDocumentBuf> {
    RawDocumentBuf::try_from(document).map_err(|error| {
        crate::error::Failure::bad_value(format!("the document cannot be written as BSON: {error}"))
    })
}

/// A document's fields, from its bytes.
pub(crate) fn to_document(raw: &RawDocument) -> Document {
    Document::try_from(raw).expect("documents are checked before they are kept")
}

/// A value of its own, from a reference into a document.
pub(crate) fn to_bson(raw: RawBsonRef<'_>) -> Bson {
    Bson::try_from(raw).expect("documents are checked before they are kept")
}

/// The fields of a document that was checked when it came in.
pub(crate) fn fields(raw: &RawDocument) -> impl Iterator<Item = (&str, RawBsonRef<'_>)> {
    raw.iter()
        .map_while(Result::ok)
        .map(|(name, value)| (name.as_str(), value))
}

/// The elements of an array that was checked when it came in.
pub(crate) fn elements(raw: &RawArray) -> impl Iterator<Item = RawBsonRef<'_>> {
    raw.into_iter().map_while(Result::ok)
}

/// The value of one field of a checked document.
pub(crate) fn field<'a>(raw: &'a RawDocument, name: &str) -> Option<RawBsonRef<'a>> {
    raw.iter_elements()
        .map_while(Result::ok)
        .find(|element| element.key() == name)
        .and_then(|element| element.value().ok())
}

/// Whether a value counts as true: everything but `false`, `null`, zero and
/// nothing at all.
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
