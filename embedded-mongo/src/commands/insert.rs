//! `insert`.

use super::Command;
use super::write::{Effect, check_statements};
use crate::error::{Code, Failure, Outcome};
use crate::value::{field, fields};
use bson::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf, oid::ObjectId};

pub(super) fn run(command: &Command<'_>) -> Outcome {
    let name = command.collection()?;
    let documents = command.arguments.required_documents("documents")?;
    let ordered = command.arguments.optional_flag("ordered")?.unwrap_or(true);
    command.arguments.ignore(&["bypassDocumentValidation"]);
    command.arguments.finish(true)?;
    check_statements(&documents)?;
    command.writing(name, true, |writing| {
        let tally = writing.each(&documents, ordered, |collection, log, document| {
            collection.insert(complete(document)?, log)?;
            Ok(Effect::of(1, 0))
        });
        Ok(tally.into_reply())
    })
}

/// The document with an `_id`, which comes first.
fn complete(document: &RawDocument) -> Outcome<RawDocumentBuf> {
    check_id(field(document, "_id"))?;
    if let Some(("_id", _)) = fields(document).next() {
        return RawDocumentBuf::from_bytes(document.as_bytes().to_vec())
            .map_err(|error| Failure::bad_value(error.to_string()));
    }
    let id = match field(document, "_id") {
        Some(id) => id.into(),
        None => RawBson::ObjectId(ObjectId::new()),
    };
    let mut complete = RawDocumentBuf::new();
    complete.append(bson::raw::cstr!("_id"), id);
    for element in document.iter_elements().map_while(Result::ok) {
        if element.key() != "_id"
            && let Ok(value) = element.value()
        {
            complete.append(element.key(), value);
        }
    }
    Ok(complete)
}

/// Refuses an `_id` that cannot be one.
///
/// # Errors
/// Arrays, regular expressions and undefined.
pub(super) fn check_id(id: Option<RawBsonRef<'_>>) -> Outcome<()> {
    let kind = match id {
        Some(RawBsonRef::Array(_)) => "array",
        Some(RawBsonRef::RegularExpression(_)) => "regex",
        Some(RawBsonRef::Undefined) => "undefined",
        Some(RawBsonRef::Document(document))
            if fields(document).any(|(name, _)| name.starts_with('$')) =>
        {
            return Err(Failure::new(
                Code::DollarPrefixedFieldName,
                "_id fields may not contain '$'-prefixed fields",
            ));
        }
        _ => return Ok(()),
    };
    Err(Failure::new(
        Code::InvalidIdField,
        format!("The '_id' value cannot be of type {kind}"),
    ))
}
