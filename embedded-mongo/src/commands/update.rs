//! `update`.

use super::Command;
use super::insert::check_id;
use super::write::{Effect, check_statements};
use crate::arguments::Arguments;
use crate::error::{Code, Failure, Outcome};
use crate::query::{Filter, parse as filters};
use crate::sort::Sort;
use crate::storage::collection::Collection;
use crate::storage::log::Change;
use crate::storage::plan::Hint;
use crate::storage::scan::Question;
use crate::storage::{RecordId, Stored};
use crate::update::{Circumstances, Update};
use crate::value::{field, is_truthy, to_bson, to_document, to_raw};
use bson::{Bson, Document, RawDocument};
use std::time::Instant;

/// One statement: what to change, and how.
pub(super) struct Statement {
    pub filter: Filter,
    pub update: Update,
    pub upsert: bool,
    pub sort: Option<Sort>,
    pub hint: Option<Hint>,
}

/// What became of a document.
pub(super) struct Changed {
    pub before: Stored,
    pub after: Stored,
}

pub(super) fn run(command: &Command<'_>) -> Outcome {
    let name = command.collection()?;
    let statements = command.arguments.required_documents("updates")?;
    let ordered = command.arguments.optional_flag("ordered")?.unwrap_or(true);
    command.arguments.ignore(&["bypassDocumentValidation"]);
    command.arguments.finish(true)?;
    check_statements(&statements)?;
    let create = statements
        .iter()
        .any(|source| field(source, "upsert").is_some_and(|flag| is_truthy(&to_bson(flag))));
    let deadline = command.terms.deadline;
    command.writing(name, create, |writing| {
        let tally = writing.each(&statements, ordered, |collection, log, source| {
            one(collection, log, source, deadline)
        });
        let (modified, upserted) = (tally.modified, tally.upserted.clone());
        let mut reply = tally.into_reply();
        reply.insert("nModified", super::write::count(modified));
        if !upserted.is_empty() {
            reply.insert("upserted", upserted);
        }
        Ok(reply)
    })
}

fn one(
    collection: &mut Collection,
    log: &mut Vec<Change>,
    source: &RawDocument,
    deadline: Option<Instant>,
) -> Outcome<Effect> {
    let arguments = Arguments::new("update.updates", source, &[]);
    let multi = arguments.flag("multi")?;
    let filter = arguments
        .document("q")?
        .ok_or_else(|| arguments.missing("q"))?;
    let statement = Statement {
        filter: filters::filter(filter)?,
        update: update(&arguments, "u")?,
        upsert: arguments.flag("upsert")?,
        sort: sort(&arguments)?,
        hint: hint(&arguments)?,
    };
    arguments.refuse_collation()?;
    arguments.ignore(&["upsertSupplied"]);
    arguments.finish(false)?;
    if multi && statement.update.is_replacement() {
        return Err(Failure::new(
            Code::FailedToParse,
            "multi update is not supported for replacement-style update",
        ));
    }
    if multi && statement.sort.is_some() {
        return Err(Failure::new(
            Code::FailedToParse,
            "Cannot specify sort with multi=true",
        ));
    }
    let limit = if multi { usize::MAX } else { 1 };
    let found = statement.find(collection, limit, deadline)?;
    let (mut matched, mut modified) = (0, 0);
    for (id, before) in found {
        let changed = statement.change(collection, log, id, before)?;
        matched += 1;
        modified += usize::from(changed.before.as_bytes() != changed.after.as_bytes());
    }
    let mut effect = Effect::of(matched, modified);
    if matched == 0 && statement.upsert {
        let made = statement.insert(collection, log)?;
        effect.matched = 1;
        effect.upserted = made.get("_id").cloned();
    }
    Ok(effect)
}

impl Statement {
    /// The documents to change.
    pub fn find(
        &self,
        collection: &Collection,
        limit: usize,
        deadline: Option<Instant>,
    ) -> Outcome<Vec<(RecordId, Stored)>> {
        Question {
            filter: &self.filter,
            sort: self.sort.as_ref(),
            skip: 0,
            limit,
            hint: self.hint.as_ref(),
            deadline,
        }
        .answer(collection)
    }

    /// Changes a document.
    pub fn change(
        &self,
        collection: &mut Collection,
        log: &mut Vec<Change>,
        id: RecordId,
        before: Stored,
    ) -> Outcome<Changed> {
        let (_, position) = self.filter.matches_at(&before)?;
        let after = self.update.apply(
            &to_document(&before),
            Circumstances {
                position,
                inserting: false,
            },
        )?;
        let after = to_raw(&after)?;
        if after.as_bytes() == before.as_bytes() {
            return Ok(Changed {
                after: before.clone(),
                before,
            });
        }
        let after = collection.replace(id, after, log)?;
        Ok(Changed { before, after })
    }

    /// Makes the document that was not found.
    pub fn insert(&self, collection: &mut Collection, log: &mut Vec<Change>) -> Outcome<Document> {
        let made = self.update.make(&self.filter)?;
        let raw = to_raw(&made)?;
        check_id(field(&raw, "_id"))?;
        collection.insert(raw, log)?;
        Ok(made)
    }
}

/// The update among a statement's arguments, with its array filters.
pub(super) fn update(arguments: &Arguments<'_>, name: &'static str) -> Outcome<Update> {
    let source = arguments
        .value(name)
        .ok_or_else(|| arguments.missing(name))?;
    let filters: Vec<Document> = arguments
        .documents("arrayFilters")?
        .unwrap_or_default()
        .into_iter()
        .map(to_document)
        .collect();
    Update::parse(&source, &filters)
}

/// The sort among a statement's arguments.
pub(super) fn sort(arguments: &Arguments<'_>) -> Outcome<Option<Sort>> {
    match arguments.document("sort")? {
        Some(sort) if !sort.is_empty() => Sort::parse(&to_document(sort)).map(Some),
        _ => Ok(None),
    }
}

/// The hint among a statement's arguments.
pub(super) fn hint(arguments: &Arguments<'_>) -> Outcome<Option<Hint>> {
    match arguments.value("hint") {
        None => Ok(None),
        Some(Bson::Document(pattern)) if pattern.is_empty() => Ok(None),
        Some(value) => Hint::parse(&value).map(Some),
    }
}
