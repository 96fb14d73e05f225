//! `findAndModify`.

use super::Command;
use super::update::{Statement, hint, sort, update};
use crate::error::{Code, Failure, Outcome};
use crate::expression::Variables;
use crate::projection::{Place, Projection};
use crate::query::parse as filters;
use crate::storage::Stored;
use crate::update::Update;
use crate::value::to_document;
use bson::{Bson, Document, RawDocumentBuf, doc};

pub(super) fn run(command: &Command<'_>) -> Outcome {
    let arguments = &command.arguments;
    let name = command.collection()?;
    let remove = arguments.flag("remove")?;
    let new = arguments.flag("new")?;
    let upsert = arguments.flag("upsert")?;
    let query = arguments.document("query")?;
    let fields = match arguments.document("fields")? {
        Some(fields) if !fields.is_empty() => {
            Some(Projection::parse(&to_document(fields), Place::Find)?)
        }
        _ => None,
    };
    let has_update = arguments.raw("update").is_some();
    if remove == has_update {
        return Err(Failure::new(
            Code::FailedToParse,
            "Either an update or remove=true must be specified, and not both",
        ));
    }
    if remove && (new || upsert) {
        return Err(Failure::new(
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
    arguments.refuse_collation()?;
    arguments.ignore(&["bypassDocumentValidation", "arrayFilters"]);
    arguments.finish(true)?;
    let shown = |document: Document, position| match &fields {
        None => Ok(document),
        Some(fields) => fields.apply(&document, &Variables::of(&document), position),
    };
    let mut reply = command.writing(name, upsert, |writing| {
        writing.once(0, |collection, log| {
            let found = statement.find(collection, 1, command.terms.deadline)?;
            let Some((id, before)) = found.into_iter().next() else {
                if !upsert {
                    let mut last = doc! { "n": 0 };
                    if !remove {
                        last.insert("updatedExisting", false);
                    }
                    return Ok(doc! { "lastErrorObject": last, "value": Bson::Null });
                }
                let made = statement.insert(collection, log)?;
                let upserted = made.get("_id").cloned();
                let value = if new {
                    shown(made, None)?.into()
                } else {
                    Bson::Null
                };
                return Ok(doc! {
                    "lastErrorObject": { "n": 1, "updatedExisting": false, "upserted": upserted },
                    "value": value,
                });
            };
            let position = statement.filter.matches_at(&before)?.1;
            let to_show = |stored: &Stored| shown(to_document(stored), position);
            if remove {
                let value = to_show(&before)?;
                collection.remove(id, log);
                return Ok(doc! { "lastErrorObject": { "n": 1 }, "value": value });
            }
            let changed = statement.change(collection, log, id, before)?;
            let value = to_show(if new { &changed.after } else { &changed.before })?;
            Ok(doc! {
                "lastErrorObject": { "n": 1, "updatedExisting": true },
                "value": value,
            })
        })
    })?;
    reply.insert("ok", 1.0);
    Ok(reply)
}
