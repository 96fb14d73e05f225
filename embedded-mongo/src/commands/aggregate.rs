//! `aggregate`.

use bson::{Bson, Document, RawBsonRef, doc, oid::ObjectId};

use super::cursors::{Batch, ResultSet};
use super::insert::check_id;
use super::update::hint;
use super::{Command, Reply};
use crate::error::{Code, CommandError, Result};
use crate::expression::{Expression, Variables};
use crate::pipeline::{Pipeline, Source, Target, WhenMatched, WhenNotMatched, WriteMode};
use crate::query::parse as filters;
use crate::storage::StoredDocument;
use crate::storage::collection::Collection;
use crate::storage::journal::Change;
use crate::storage::scan::Query;
use crate::value::{arithmetic, field, to_bson, to_document, to_raw};

pub(super) fn run(command: &Command<'_>) -> Result<Reply> {
    let arguments = &command.arguments;
    let collection = match arguments.first() {
        Some(RawBsonRef::String(name)) => Some(name),
        Some(value) if arithmetic::as_integer(&to_bson(value)) == Some(1) => None,
        _ => {
            return Err(CommandError::new(
                Code::InvalidNamespace,
                "aggregate takes the name of a collection",
            ));
        }
    };
    let Some(Bson::Array(stages)) = arguments.value("pipeline") else {
        return Err(CommandError::new(
            Code::TypeMismatch,
            "'pipeline' option must be specified as an array",
        ));
    };
    let size = match arguments.document("cursor")? {
        None => {
            return Err(CommandError::new(
                Code::FailedToParse,
                "The 'cursor' option is required, except for aggregate with the explain argument",
            ));
        }
        Some(cursor) => match field(cursor, "batchSize") {
            None => 101,
            Some(size) => arithmetic::as_integer(&to_bson(size))
                .and_then(|size| usize::try_from(size).ok())
                .ok_or_else(|| {
                    CommandError::new(Code::TypeMismatch, "cursor.batchSize must not be negative")
                })?,
        },
    };
    arguments.reject_collation()?;
    arguments.ignore(&["allowDiskUse", "bypassDocumentValidation"]);
    let nothing = Document::new();
    let mut variables = Variables::new(&nothing);
    let mut names = Vec::new();
    if let Some(Bson::Document(definitions)) = arguments.value("let") {
        for (name, value) in &definitions {
            let value = Expression::parse(value)?.evaluate(&Variables::new(&nothing))?;
            variables.define(name, value)?;
            names.push(name.clone());
        }
    }
    let hint = hint(arguments)?;
    arguments.finish(true)?;
    let pipeline = Pipeline::parse(&stages, &names)?;
    let source = Source {
        catalog: &command.state.catalog,
        database: command.database,
        collection,
        hint: hint.as_ref(),
    };
    let mut documents = pipeline.run(&source, &variables)?;
    if let Some(target) = &pipeline.target {
        write_output(command, target, documents)?;
        documents = Vec::new();
    }
    let namespace = command.namespace(collection.unwrap_or("$cmd.aggregate"));
    command.state.cursors.open(
        &namespace,
        ResultSet::from_documents(&documents)?,
        Batch::First {
            size,
            single: false,
        },
    )
}

fn write_output(command: &Command<'_>, target: &Target, documents: Vec<Document>) -> Result<()> {
    let database = target.database.as_deref().unwrap_or(command.database);
    let catalog = &command.state.catalog;
    match target.mode {
        WriteMode::Replace => {
            let documents = documents
                .into_iter()
                .map(|document| to_raw(&with_id(document)))
                .collect::<Result<Vec<_>>>()?;
            catalog.replace(database, &target.collection, |collection| {
                for document in documents {
                    check_id(field(&document, "_id"))?;
                    collection.insert(document, &mut Vec::new())?;
                }
                Ok(())
            })
        }
        WriteMode::Merge { matched, unmatched } => {
            catalog.write(database, &target.collection, |collection, changes| {
                for document in documents {
                    merge(collection, changes, document, matched, unmatched)?;
                }
                Ok(())
            })
        }
    }
}

fn merge(
    collection: &mut Collection,
    changes: &mut Vec<Change>,
    document: Document,
    matched: WhenMatched,
    unmatched: WhenNotMatched,
) -> Result<()> {
    match document.get("_id") {
        Some(Bson::Null | Bson::Undefined) => {
            return Err(CommandError::new(
                Code::Location(51132),
                "$merge write error: 'on' field '_id' cannot be null or undefined",
            ));
        }
        Some(Bson::Array(_)) => {
            return Err(CommandError::new(
                Code::Location(51185),
                "$merge write error: 'on' field '_id' cannot be an array",
            ));
        }
        _ => {}
    }
    let document = with_id(document);
    let raw = to_raw(&document)?;
    check_id(field(&raw, "_id"))?;
    let id = document.get("_id").cloned();
    let filter = filters::filter(&to_raw(&doc! { "_id": { "$eq": id } })?)?;
    let found = Query {
        limit: 1,
        ..Query::all(&filter)
    }
    .run(collection)?;
    match (found.into_iter().next(), matched, unmatched) {
        (None, _, WhenNotMatched::Discard) | (Some(_), WhenMatched::KeepExisting, _) => {}
        (None, _, WhenNotMatched::Insert) => {
            collection.insert(raw, changes)?;
        }
        (None, _, WhenNotMatched::Fail) => {
            return Err(CommandError::new(
                Code::Location(13113),
                "$merge could not find a matching document in the target collection",
            ));
        }
        (Some(_), WhenMatched::Fail, _) => {
            return Err(CommandError::new(
                Code::DuplicateKey,
                "$merge found a matching document in the target collection",
            ));
        }
        (Some((record_id, before)), WhenMatched::Replace, _) => {
            // The stored `_id` keeps its type: 1 matches 1.0.
            let replaced = with_stored_id(&before, document);
            collection.replace(record_id, to_raw(&replaced)?, changes)?;
        }
        (Some((record_id, before)), WhenMatched::Merge, _) => {
            let mut merged = to_document(&before);
            merged.extend(document.into_iter().filter(|(name, _)| name != "_id"));
            collection.replace(record_id, to_raw(&merged)?, changes)?;
        }
    }
    Ok(())
}

fn with_stored_id(stored: &StoredDocument, document: Document) -> Document {
    let mut replaced = Document::new();
    if let Some(id) = field(stored, "_id") {
        replaced.insert("_id", to_bson(id));
    }
    replaced.extend(document.into_iter().filter(|(name, _)| name != "_id"));
    replaced
}

/// Adds a missing `_id` and moves it to the front.
fn with_id(mut document: Document) -> Document {
    let id = document
        .remove("_id")
        .unwrap_or_else(|| ObjectId::new().into());
    let mut complete = doc! { "_id": id };
    complete.extend(document);
    complete
}
