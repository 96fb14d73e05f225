//! Index commands.

use bson::{Bson, Document, doc};

use super::cursors::{Batch, ResultSet};
use super::{Command, Reply};
use crate::error::{Code, CommandError, Result};
use crate::storage::catalog::definition;
use crate::storage::collection::Collection;
use crate::storage::index_spec::{IndexSpec, same_pattern};
use crate::value::to_document;

pub(super) fn create(command: &Command<'_>) -> Result {
    let arguments = &command.arguments;
    let name = command.collection()?;
    let sources = arguments.required_documents("indexes")?;
    arguments.ignore(&["commitQuorum"]);
    arguments.finish(true)?;
    if sources.is_empty() {
        return Err(CommandError::bad_value(
            "Must specify at least one index to create",
        ));
    }
    let specs = sources
        .into_iter()
        .map(|source| IndexSpec::parse(&to_document(source)))
        .collect::<Result<Vec<_>>>()?;
    let made = command
        .state
        .catalog
        .find(command.database, name)?
        .is_none();
    let catalog = &command.state.catalog;
    let (before, after) = catalog.write(command.database, name, |collection, changes| {
        let before = collection.indexes().len();
        let outcome = specs
            .into_iter()
            .filter_map(|spec| match find_same(collection, &spec) {
                Ok(true) => None,
                Ok(false) => Some(collection.build_index(spec)),
                Err(error) => Some(Err(error)),
            })
            .collect::<Result<Vec<()>>>();
        if collection.indexes().len() != before {
            changes.push(definition(collection));
        }
        outcome.map(|_| (before, collection.indexes().len()))
    })?;
    let mut reply = doc! {
        "numIndexesBefore": before as i32,
        "numIndexesAfter": after as i32,
        "createdCollectionAutomatically": made,
    };
    if before == after {
        reply.insert("note", "all indexes already exist");
    }
    reply.insert("ok", 1.0);
    Ok(reply)
}

/// Whether an identical index exists. Fails if an index with the same name or
/// fields differs.
fn find_same(collection: &Collection, spec: &IndexSpec) -> Result<bool> {
    for index in collection.indexes() {
        let there = &index.spec;
        let same_fields = there.pattern == spec.pattern;
        if there.is_id() && same_fields {
            return Ok(true);
        }
        let equivalent = there.is_equivalent(spec);
        if there.name == spec.name {
            let (code, reason) = if there.is_same(spec) {
                return Ok(true);
            } else if equivalent {
                (
                    Code::IndexOptionsConflict,
                    "An equivalent index already exists with the same name but different options",
                )
            } else {
                (
                    Code::IndexKeySpecsConflict,
                    "An existing index has the same name as the requested index",
                )
            };
            return Err(CommandError::new(
                code,
                format!(
                    "{reason}. Requested index: {}, existing index: {}",
                    spec.to_document(),
                    there.to_document()
                ),
            ));
        }
        if equivalent {
            return Err(CommandError::new(
                Code::IndexOptionsConflict,
                format!("Index already exists with a different name: {}", there.name),
            ));
        }
    }
    Ok(false)
}

pub(super) fn list(command: &Command<'_>) -> Result<Reply> {
    let name = command.collection()?;
    let size = super::collections::batch_size(command)?;
    command.arguments.finish(true)?;
    if command
        .state
        .catalog
        .find(command.database, name)?
        .is_none()
    {
        return Err(missing(command, name));
    }
    let listed: Vec<Document> =
        command
            .state
            .catalog
            .read(command.database, name, |collection| {
                collection
                    .indexes()
                    .iter()
                    .map(|index| index.spec.to_document())
                    .collect()
            })?;
    command.state.cursors.open(
        &command.namespace(name),
        ResultSet::from_documents(&listed)?,
        Batch::First {
            size,
            single: false,
        },
    )
}

pub(super) fn drop(command: &Command<'_>) -> Result {
    let name = command.collection()?;
    let index = command
        .arguments
        .value("index")
        .ok_or_else(|| command.arguments.missing("index"))?;
    command.arguments.finish(true)?;
    let before =
        command
            .state
            .catalog
            .write_existing(command.database, name, |collection, changes| {
                let before = collection.indexes().len();
                match &index {
                    Bson::String(all) if all == "*" => collection.drop_indexes(|_| true),
                    Bson::String(name) => {
                        drop_matching(collection, name, |spec| spec.name == *name)?;
                    }
                    Bson::Array(names) => {
                        for name in names {
                            let Bson::String(name) = name else {
                                return Err(CommandError::new(
                                    Code::TypeMismatch,
                                    "dropIndexes takes names of indexes",
                                ));
                            };
                            drop_matching(collection, name, |spec| spec.name == *name)?;
                        }
                    }
                    Bson::Document(pattern) => {
                        drop_matching(collection, &pattern.to_string(), |spec| {
                            same_pattern(&spec.pattern.to_document(), pattern)
                        })?;
                    }
                    _ => {
                        return Err(CommandError::new(
                            Code::TypeMismatch,
                            "dropIndexes takes a name, names, or a pattern",
                        ));
                    }
                }
                if collection.indexes().len() != before {
                    changes.push(definition(collection));
                }
                Ok(before)
            })?;
    match before {
        Some(before) => Ok(doc! { "nIndexesWas": before as i32, "ok": 1.0 }),
        None => Err(missing(command, name)),
    }
}

fn drop_matching(
    collection: &mut Collection,
    name: &str,
    matches: impl Fn(&IndexSpec) -> bool,
) -> Result<()> {
    match collection
        .indexes()
        .iter()
        .find(|index| matches(&index.spec))
    {
        None => Err(CommandError::new(
            Code::IndexNotFound,
            format!("index not found with name [{name}]"),
        )),
        Some(index) if index.spec.is_id() => Err(CommandError::new(
            Code::InvalidOptions,
            "cannot drop _id index",
        )),
        Some(_) => {
            collection.drop_indexes(matches);
            Ok(())
        }
    }
}

fn missing(command: &Command<'_>, name: &str) -> CommandError {
    CommandError::new(
        Code::NamespaceNotFound,
        format!("ns does not exist: {}", command.namespace(name)),
    )
}
