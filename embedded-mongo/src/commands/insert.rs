//! `insert`.

use bson::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf, oid::ObjectId};

use super::Command;
use super::write::{StatementResult, check_statements};
use crate::error::{Code, CommandError, Result};
use crate::value::{field, fields};

pub(super) fn run(command: &Command<'_>) -> Result {
    let name = command.collection()?;
    let documents = command.arguments.required_documents("documents")?;
    let ordered = command.arguments.optional_flag("ordered")?.unwrap_or(true);
    command.arguments.ignore(&["bypassDocumentValidation"]);
    command.arguments.finish(true)?;
    check_statements(&documents)?;
    command.with_writer(name, true, |writer| {
        let batch = writer.run_each(&documents, ordered, |collection, changes, document| {
            collection.insert(complete(document)?, changes)?;
            Ok(StatementResult::of(1, 0))
        })?;
        Ok(batch.into_reply())
    })
}

/// Adds a missing `_id` and moves it to the front.
fn complete(document: &RawDocument) -> Result<RawDocumentBuf> {
    check_id(field(document, "_id"))?;
    if let Some(("_id", _)) = fields(document).next() {
        return RawDocumentBuf::from_bytes(document.as_bytes().to_vec())
            .map_err(|error| CommandError::bad_value(error.to_string()));
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

/// Rejects types that an `_id` cannot have.
pub(super) fn check_id(id: Option<RawBsonRef<'_>>) -> Result<()> {
    let kind = match id {
        Some(RawBsonRef::Array(_)) => "array",
        Some(RawBsonRef::RegularExpression(_)) => "regex",
        Some(RawBsonRef::Undefined) => "undefined",
        Some(RawBsonRef::Document(document))
            if fields(document).any(|(name, _)| name.starts_with('$')) =>
        {
            return Err(CommandError::new(
                Code::DollarPrefixedFieldName,
                "_id fields may not contain '$'-prefixed fields",
            ));
        }
        _ => return Ok(()),
    };
    Err(CommandError::new(
        Code::InvalidIdField,
        format!("The '_id' value cannot be of type {kind}"),
    ))
}
