//! `update`.

use bson::{Bson, Document, RawDocument};

use super::Command;
use super::insert::check_id;
use super::write::{StatementResult, check_statements};
use crate::arguments::Arguments;
use crate::error::{Code, CommandError, Result};
use crate::query::{Filter, parse as filters};
use crate::sort::Sort;
use crate::storage::collection::Collection;
use crate::storage::journal::Change;
use crate::storage::plan::Hint;
use crate::storage::scan::Query;
use crate::storage::{RecordId, StoredDocument};
use crate::update::{Update, UpdateContext};
use crate::value::{field, is_truthy, to_bson, to_document, to_raw};

/// A parsed update statement.
pub(super) struct Statement {
    pub filter: Filter,
    pub update: Update,
    pub upsert: bool,
    pub sort: Option<Sort>,
    pub hint: Option<Hint>,
}

pub(super) struct Changed {
    pub before: StoredDocument,
    pub after: StoredDocument,
}

pub(super) fn run(command: &Command<'_>) -> Result {
    let name = command.collection()?;
    let statements = command.arguments.required_documents("updates")?;
    let ordered = command.arguments.optional_flag("ordered")?.unwrap_or(true);
    command.arguments.ignore(&["bypassDocumentValidation"]);
    command.arguments.finish(true)?;
    check_statements(&statements)?;
    let create = statements
        .iter()
        .any(|source| field(source, "upsert").is_some_and(|flag| is_truthy(&to_bson(flag))));
    command.with_writer(name, create, |writer| {
        let batch = writer.run_each(&statements, ordered, |collection, changes, source| {
            one(collection, changes, source)
        })?;
        let (modified, upserted) = (batch.modified, batch.upserted.clone());
        let mut reply = batch.into_reply();
        reply.insert("nModified", super::write::count(modified));
        if !upserted.is_empty() {
            reply.insert("upserted", upserted);
        }
        Ok(reply)
    })
}

fn one(
    collection: &mut Collection,
    changes: &mut Vec<Change>,
    source: &RawDocument,
) -> Result<StatementResult> {
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
    arguments.reject_collation()?;
    arguments.ignore(&["upsertSupplied"]);
    arguments.finish(false)?;
    if multi && statement.update.is_replacement() {
        return Err(CommandError::new(
            Code::FailedToParse,
            "multi update is not supported for replacement-style update",
        ));
    }
    if multi && statement.sort.is_some() {
        return Err(CommandError::new(
            Code::FailedToParse,
            "Cannot specify sort with multi=true",
        ));
    }
    let limit = if multi { usize::MAX } else { 1 };
    let found = statement.find(collection, limit)?;
    let (mut matched, mut modified) = (0, 0);
    for (id, before) in found {
        let changed = statement.change(collection, changes, id, before)?;
        matched += 1;
        modified += usize::from(changed.before.as_bytes() != changed.after.as_bytes());
    }
    let mut result = StatementResult::of(matched, modified);
    if matched == 0 && statement.upsert {
        let inserted = statement.insert(collection, changes)?;
        result.matched = 1;
        result.upserted = inserted.get("_id").cloned();
    }
    Ok(result)
}

impl Statement {
    pub fn find(
        &self,
        collection: &Collection,
        limit: usize,
    ) -> Result<Vec<(RecordId, StoredDocument)>> {
        Query {
            filter: &self.filter,
            sort: self.sort.as_ref(),
            skip: 0,
            limit,
            hint: self.hint.as_ref(),
        }
        .run(collection)
    }

    pub fn change(
        &self,
        collection: &mut Collection,
        changes: &mut Vec<Change>,
        id: RecordId,
        before: StoredDocument,
    ) -> Result<Changed> {
        let (_, position) = self.filter.matches_at(&before)?;
        let after = self.update.apply(
            &to_document(&before),
            UpdateContext {
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
        let after = collection.replace(id, after, changes)?;
        Ok(Changed { before, after })
    }

    /// Inserts the upserted document.
    pub fn insert(
        &self,
        collection: &mut Collection,
        changes: &mut Vec<Change>,
    ) -> Result<Document> {
        let inserted = self.update.build_upsert(&self.filter)?;
        let raw = to_raw(&inserted)?;
        check_id(field(&raw, "_id"))?;
        collection.insert(raw, changes)?;
        Ok(inserted)
    }
}

pub(super) fn update(arguments: &Arguments<'_>, name: &'static str) -> Result<Update> {
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

pub(super) fn sort(arguments: &Arguments<'_>) -> Result<Option<Sort>> {
    match arguments.document("sort")? {
        Some(sort) if !sort.is_empty() => Sort::parse(&to_document(sort)).map(Some),
        _ => Ok(None),
    }
}

pub(super) fn hint(arguments: &Arguments<'_>) -> Result<Option<Hint>> {
    match arguments.value("hint") {
        None => Ok(None),
        Some(Bson::Document(pattern)) if pattern.is_empty() => Ok(None),
        Some(value) => Hint::parse(&value).map(Some),
    }
}
