//! `$out` and `$merge`, at the end of `aggregate`.

use super::Command;
use crate::error::{Code, Failure, Outcome};
use crate::pipeline::{Manner, Matched, Target, Unmatched};
use crate::query::parse as filters;
use crate::storage::collection::Collection;
use crate::storage::log::Change;
use crate::storage::scan::Question;
use crate::value::{to_document, to_raw};
use bson::{Document, doc, oid::ObjectId};

/// Puts a pipeline's documents where they are to go.
pub(super) fn write(
    command: &Command<'_>,
    target: &Target,
    documents: Vec<Document>,
) -> Outcome<()> {
    let database = target.database.as_deref().unwrap_or(command.database);
    let catalog = &command.state.catalog;
    catalog.write(database, &target.collection, |collection, log| {
        match target.manner {
            Manner::Replace => {
                let before: Vec<_> = collection.documents().keys().copied().collect();
                for id in before {
                    collection.remove(id, log);
                }
                for document in documents {
                    collection.insert(to_raw(&with_id(document))?, log)?;
                }
            }
            Manner::Merge { matched, unmatched } => {
                for document in documents {
                    merge(collection, log, with_id(document), matched, unmatched)?;
                }
            }
        }
        Ok(())
    })
}

fn merge(
    collection: &mut Collection,
    log: &mut Vec<Change>,
    document: Document,
    matched: Matched,
    unmatched: Unmatched,
) -> Outcome<()> {
    let id = document.get("_id").cloned();
    let filter = filters::filter(&to_raw(&doc! { "_id": { "$eq": id } })?)?;
    let found = Question {
        limit: 1,
        ..Question::all(&filter)
    }
    .answer(collection)?;
    match (found.into_iter().next(), matched, unmatched) {
        (None, _, Unmatched::Discard) | (Some(_), Matched::KeepExisting, _) => {}
        (None, _, Unmatched::Insert) => {
            collection.insert(to_raw(&document)?, log)?;
        }
        (None, _, Unmatched::Fail) => {
            return Err(Failure::new(
                Code::Location(13113),
                "$merge could not find a matching document in the target collection",
            ));
        }
        (Some(_), Matched::Fail, _) => {
            return Err(Failure::new(
                Code::DuplicateKey,
                "$merge found a matching document in the target collection",
            ));
        }
        (Some((place, _)), Matched::Replace, _) => {
            collection.replace(place, to_raw(&document)?, log)?;
        }
        (Some((place, before)), Matched::Merge, _) => {
            let mut merged = to_document(&before);
            merged.extend(document);
            collection.replace(place, to_raw(&merged)?, log)?;
        }
    }
    Ok(())
}

fn with_id(mut document: Document) -> Document {
    if document.contains_key("_id") {
        return document;
    }
    let mut complete = doc! { "_id": ObjectId::new() };
    complete.extend(std::mem::take(&mut document));
    complete
}
