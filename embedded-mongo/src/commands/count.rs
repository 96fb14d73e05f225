//! `count` and `distinct`.

use std::collections::BTreeMap;

use bson::{Bson, RawBsonRef, RawDocumentBuf, doc};

use super::Command;
use super::update::hint;
use crate::error::{CommandError, Result};
use crate::query::parse as filters;
use crate::storage::scan::Query;
use crate::value::path::{Leaf, Path, any};
use crate::value::{key, to_bson};

pub(super) fn count(command: &Command<'_>) -> Result {
    let arguments = &command.arguments;
    let name = command.collection()?;
    let filter = arguments.document("query")?;
    let skip = arguments.count("skip")?.unwrap_or(0) as usize;
    let limit = arguments.integer("limit")?.unwrap_or(0).unsigned_abs() as usize;
    let hint = hint(arguments)?;
    arguments.reject_collation()?;
    arguments.ignore(&["fields"]);
    arguments.finish(true)?;
    let limit = if limit == 0 { usize::MAX } else { limit };
    let counted =
        command
            .state
            .catalog
            .read(command.database, name, |collection| match filter {
                Some(filter) if !filter.is_empty() => {
                    let filter = filters::filter(filter)?;
                    let found = Query {
                        skip,
                        limit,
                        hint: hint.as_ref(),
                        ..Query::all(&filter)
                    }
                    .run(collection)?;
                    Ok(found.len())
                }
                _ => Ok(collection.len().saturating_sub(skip).min(limit)),
            })??;
    Ok(doc! { "n": crate::pipeline::count_to_bson(counted), "ok": 1.0 })
}

pub(super) fn distinct(command: &Command<'_>) -> Result {
    let arguments = &command.arguments;
    let name = command.collection()?;
    let path = arguments.required_string("key")?;
    if path.is_empty() || path.contains('\0') {
        return Err(CommandError::bad_value(
            "distinct needs the path of a field",
        ));
    }
    let path = Path::new(path);
    let filter = match arguments.document("query")? {
        Some(filter) => filters::filter(filter)?,
        None => filters::filter(&RawDocumentBuf::new())?,
    };
    let hint = hint(arguments)?;
    arguments.reject_collation()?;
    arguments.finish(true)?;
    let found = command
        .state
        .catalog
        .read(command.database, name, |collection| {
            Query {
                hint: hint.as_ref(),
                ..Query::all(&filter)
            }
            .run(collection)
        })??;
    let mut values: BTreeMap<Vec<u8>, Bson> = BTreeMap::new();
    for (_, document) in &found {
        // An array at the end of the path contributes its elements, not itself.
        any(document, path.parts(), Leaf::Whole, &mut |seen, _| {
            match seen {
                Some(RawBsonRef::Array(array)) => {
                    for element in crate::value::elements(array) {
                        values
                            .entry(key::of(element))
                            .or_insert_with(|| to_bson(element));
                    }
                }
                Some(value) => {
                    values
                        .entry(key::of(value))
                        .or_insert_with(|| to_bson(value));
                }
                None => {}
            }
            false
        });
    }
    Ok(doc! { "values": values.into_values().collect::<Vec<_>>(), "ok": 1.0 })
}
