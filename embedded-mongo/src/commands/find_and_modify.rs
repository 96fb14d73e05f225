//! `findAndModify`.

use bson::{Bson, Document, RawDocumentBuf, doc};

use super::Command;
use super::update::{Statement, hint, sort, update};
use crate::error::{Code, CommandError, Result};
use crate::expression::Variables;
use crate::projection::{Projection, ProjectionContext};
use crate::query::parse as filters;
use crate::storage::StoredDocument;
use crate::update::Update;
use crate::value::to_document;

pub(super) fn run(command: &Command<'_>) -> Result {
    let arguments = &command.arguments;
    let name = command.collection()?;
    let remove = arguments.flag("remove")?;
    let new = arguments.flag("new")?;
    let upsert = arguments.flag("upsert")?;
    let query = arguments.document("query")?;
    let fields = match arguments.document("fields")? {
        Some(fields) if !fields.is_empty() => Some(Projection::parse(
            &to_document(fields),
            ProjectionContext::Find,
        )?),
        _ => None,
    };
    let has_update = arguments.raw("update").is_some();
    if remove == has_update {
        return Err(CommandError::new(
            Code::FailedToParse,
            "Either an update or remove=true must be specified, and not both",
        ));
    }
    if remove && (new || upsert) {
        return Err(CommandError::new(
            Code::FailedToParse,
            "Cannot specify both new=true or upsert=true and remove=true",
        ));
    }
    let statement = Statement {
        filter: match query {
            Some(query) => filters::filter(query)?,
            None => filters::filter(&RawDocumentBuf::new())?,
        },
        update: if remove {
            Update::Replacement(Document::new())
        } else {
            update(arguments, "update")?
        },
        upsert,
        sort: sort(arguments)?,
        hint: hint(arguments)?,
    };
    arguments.reject_collation()?;
    arguments.ignore(&["bypassDocumentValidation", "arrayFilters"]);
    arguments.finish(true)?;
    let project = |document: Document, position| match &fields {
        None => Ok(document),
        Some(fields) => fields.apply(&document, &Variables::new(&document), position),
    };
    let mut reply = command.with_writer(name, upsert, |writer| {
        writer.run_once(0, |collection, changes| {
            let found = statement.find(collection, 1)?;
            let Some((id, before)) = found.into_iter().next() else {
                if !upsert {
                    let mut last = doc! { "n": 0 };
                    if !remove {
                        last.insert("updatedExisting", false);
                    }
                    return Ok(doc! { "lastErrorObject": last, "value": Bson::Null });
                }
                let inserted = statement.insert(collection, changes)?;
                let upserted = inserted.get("_id").cloned();
                let value = if new {
                    project(inserted, None)?.into()
                } else {
                    Bson::Null
                };
                return Ok(doc! {
                    "lastErrorObject": { "n": 1, "updatedExisting": false, "upserted": upserted },
                    "value": value,
                });
            };
            let position = statement.filter.matches_at(&before)?.1;
            let project_stored = |stored: &StoredDocument| project(to_document(stored), position);
            if remove {
                let value = project_stored(&before)?;
                collection.remove(id, changes);
                return Ok(doc! { "lastErrorObject": { "n": 1 }, "value": value });
            }
            let changed = statement.change(collection, changes, id, before)?;
            let value = project_stored(if new { &changed.after } else { &changed.before })?;
            Ok(doc! {
                "lastErrorObject": { "n": 1, "updatedExisting": true },
                "value": value,
            })
        })
    })?;
    reply.insert("ok", 1.0);
    Ok(reply)
}
