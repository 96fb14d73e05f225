//! Collection and database commands.

use bson::{Document, RawBsonRef, doc};

use super::cursors::{Batch, ResultSet};
use super::{Command, Reply};
use crate::error::{Code, CommandError, Result};
use crate::query::parse as filters;
use crate::storage::index_spec::IndexSpec;
use crate::value::{field, to_raw};

pub(super) fn create(command: &Command<'_>) -> Result {
    let arguments = &command.arguments;
    let name = command.collection()?;
    for option in ["capped", "temp"] {
        if arguments.flag(option)? {
            return Err(CommandError::unsupported(format_args!(
                "create with {option}"
            )));
        }
    }
    arguments.reject_collation()?;
    arguments.finish(true)?;
    // Creating an existing collection succeeds.
    command.state.catalog.ensure(command.database, name)?;
    Ok(doc! { "ok": 1.0 })
}

pub(super) fn drop(command: &Command<'_>) -> Result {
    let name = command.collection()?;
    command.arguments.finish(true)?;
    match command.state.catalog.drop(command.database, name) {
        Some(indexes) => Ok(doc! {
            "nIndexesWas": indexes as i32,
            "ns": command.namespace(name),
            "ok": 1.0,
        }),
        // Since MongoDB 7.0, dropping a missing collection succeeds.
        None => Ok(doc! { "ok": 1.0 }),
    }
}

pub(super) fn drop_database(command: &Command<'_>) -> Result {
    command.arguments.finish(true)?;
    command.state.catalog.drop_database(command.database);
    Ok(doc! { "dropped": command.database, "ok": 1.0 })
}

pub(super) fn list(command: &Command<'_>) -> Result<Reply> {
    let arguments = &command.arguments;
    let filter = arguments.document("filter")?;
    let names_only = arguments.flag("nameOnly")?;
    let size = batch_size(command)?;
    arguments.ignore(&["authorizedCollections"]);
    arguments.finish(true)?;
    let filter = match filter {
        Some(filter) => Some(filters::filter(filter)?),
        None => None,
    };
    let mut listed = Vec::new();
    for (name, _) in command.state.catalog.collections(command.database) {
        let mut entry = doc! { "name": &name, "type": "collection" };
        if !names_only {
            entry.insert("options", Document::new());
            entry.insert("info", doc! { "readOnly": false });
            entry.insert("idIndex", IndexSpec::id().to_document());
        }
        let shown = match &filter {
            Some(filter) => filter.matches(&to_raw(&entry)?)?,
            None => true,
        };
        if shown {
            listed.push(entry);
        }
    }
    let namespace = command.namespace("$cmd.listCollections");
    command.state.cursors.open(
        &namespace,
        ResultSet::from_documents(&listed)?,
        Batch::First {
            size,
            single: false,
        },
    )
}

pub(super) fn list_databases(command: &Command<'_>) -> Result {
    let arguments = &command.arguments;
    let names_only = arguments.flag("nameOnly")?;
    let filter = match arguments.document("filter")? {
        Some(filter) => Some(filters::filter(filter)?),
        None => None,
    };
    arguments.ignore(&["authorizedDatabases"]);
    arguments.finish(true)?;
    if command.database != "admin" {
        return Err(CommandError::new(
            Code::Location(13),
            "listDatabases may only be run against the admin database.",
        ));
    }
    let catalog = &command.state.catalog;
    let (mut listed, mut total) = (Vec::new(), 0);
    for name in catalog.databases() {
        let bytes: usize = catalog
            .collections(&name)
            .iter()
            .filter_map(|(_, shared)| shared.read().ok().map(|collection| collection.bytes()))
            .sum();
        let mut entry = doc! { "name": &name };
        if !names_only {
            entry.insert("sizeOnDisk", bytes as i64);
            entry.insert("empty", bytes == 0);
        }
        let shown = match &filter {
            Some(filter) => filter.matches(&to_raw(&entry)?)?,
            None => true,
        };
        if shown {
            total += bytes as i64;
            listed.push(entry);
        }
    }
    let mut reply = doc! { "databases": listed };
    if !names_only {
        reply.insert("totalSize", total);
    }
    reply.insert("ok", 1.0);
    Ok(reply)
}

/// `cursor.batchSize` of a list command.
pub(super) fn batch_size(command: &Command<'_>) -> Result<usize> {
    match command.arguments.document("cursor")? {
        None => Ok(usize::MAX),
        Some(cursor) => match field(cursor, "batchSize") {
            None => Ok(usize::MAX),
            Some(RawBsonRef::Int32(size)) if size >= 0 => Ok(size as usize),
            Some(RawBsonRef::Int64(size)) if size >= 0 => Ok(size as usize),
            Some(_) => Err(CommandError::new(
                Code::TypeMismatch,
                "cursor.batchSize must not be negative",
            )),
        },
    }
}
