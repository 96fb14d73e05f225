//! Command dispatch.

mod aggregate;
mod collections;
mod count;
pub(crate) mod cursors;
mod delete;
pub(crate) mod diagnostics;
mod explain;
mod find;
mod find_and_modify;
mod generic_arguments;
mod indexes;
mod insert;
mod update;
mod write;

use std::sync::Arc;

use bson::{Document, RawBsonRef, RawDocumentBuf};

use crate::arguments::Arguments;
use crate::connection::Connection;
use crate::error::{Code, CommandError, Result};
use crate::server::State;
use crate::value::{field, fields, to_raw};
use crate::wire::Request;
use generic_arguments::{GenericArguments, RetryableWrite};

/// A command being executed.
pub(crate) struct Command<'a> {
    pub state: &'a State,
    pub connection: &'a Connection,
    pub name: &'a str,
    pub database: &'a str,
    pub arguments: Arguments<'a>,
    pub generic: GenericArguments,
}

pub(crate) enum Reply {
    Fields(Document),
    /// A reply built directly from stored documents.
    Raw(RawDocumentBuf),
}

impl From<Document> for Reply {
    fn from(fields: Document) -> Self {
        Self::Fields(fields)
    }
}

/// Runs a command and returns its reply.
pub(crate) async fn run(
    state: &Arc<State>,
    connection: &Connection,
    request: &Request,
) -> RawDocumentBuf {
    let outcome = answer(state, connection, request).await;
    let fields = match outcome {
        Ok(Reply::Raw(raw)) => return raw,
        Ok(Reply::Fields(fields)) => fields,
        Err(error) => error.to_reply(),
    };
    to_raw(&fields).unwrap_or_else(|error| {
        to_raw(&error.to_reply()).expect("an error reply has no invalid field names")
    })
}

async fn answer(state: &State, connection: &Connection, request: &Request) -> Result<Reply> {
    let Some((name, _)) = fields(&request.body).next() else {
        return Err(CommandError::new(
            Code::CommandNotFound,
            "the command document is empty",
        ));
    };
    let database = match field(&request.body, "$db") {
        Some(RawBsonRef::String(database)) if !database.is_empty() => database,
        _ => {
            return Err(CommandError::new(
                Code::Location(40571),
                "OP_MSG requests require a $db argument",
            ));
        }
    };
    let arguments = Arguments::new(name, &request.body, &request.sequences);
    let generic = GenericArguments::parse(name, &request.body)?;
    let waits_for_commit = generic.waits_for_commit;
    let command = Command {
        state,
        connection,
        name,
        database,
        arguments,
        generic,
    };
    let reply = command.dispatch();
    if !matches!(&reply, Err(error) if error.code == Code::CommandNotFound) {
        state.counts.add(name);
    }
    if waits_for_commit {
        // A failed write may have observed writes of others.
        state.catalog.journal.wait_until_durable().await?;
    }
    reply
}

impl Command<'_> {
    fn dispatch(&self) -> Result<Reply> {
        let fields = match self.name {
            "hello" | "isMaster" | "ismaster" => diagnostics::hello(self),
            "ping" => diagnostics::ping(self),
            "buildInfo" | "buildinfo" => diagnostics::build_info(self),
            "connectionStatus" => diagnostics::connection_status(self),
            "endSessions" => diagnostics::end_sessions(self),
            "getParameter" => diagnostics::get_parameter(self),
            "serverStatus" => diagnostics::server_status(self),
            "insert" => insert::run(self),
            "update" => update::run(self),
            "delete" => delete::run(self),
            "findAndModify" | "findandmodify" => find_and_modify::run(self),
            "find" => return find::run(self),
            "getMore" => return cursors::get_more(self),
            "killCursors" => cursors::kill(self),
            "aggregate" => return aggregate::run(self),
            "count" => count::count(self),
            "distinct" => count::distinct(self),
            "explain" => explain::run(self),
            "create" => collections::create(self),
            "drop" => collections::drop(self),
            "dropDatabase" => collections::drop_database(self),
            "listCollections" => return collections::list(self),
            "listDatabases" => collections::list_databases(self),
            "createIndexes" => indexes::create(self),
            "listIndexes" => return indexes::list(self),
            "dropIndexes" | "deleteIndexes" => indexes::drop(self),
            "commitTransaction" | "abortTransaction" => {
                Err(generic_arguments::transactions_unsupported())
            }
            _ => Err(CommandError::new(
                Code::CommandNotFound,
                format!(
                    "no such command: '{}' (or not supported by embedded-mongo)",
                    self.name
                ),
            )),
        };
        fields.map(Reply::Fields)
    }

    /// The collection named by the command's first argument.
    fn collection(&self) -> Result<&str> {
        let name = collection_name(self)?;
        if name.is_empty() {
            return Err(CommandError::new(
                Code::InvalidNamespace,
                format!("Invalid namespace specified '{}.'", self.database),
            ));
        }
        Ok(name)
    }

    fn namespace(&self, collection: &str) -> String {
        format!("{}.{collection}", self.database)
    }

    fn retry(&self) -> Option<&RetryableWrite> {
        self.generic.retry.as_ref()
    }
}

fn collection_name<'a>(command: &'a Command<'_>) -> Result<&'a str> {
    match command.arguments.first() {
        Some(RawBsonRef::String(name)) => Ok(name),
        _ => Err(CommandError::new(
            Code::InvalidNamespace,
            "collection name has invalid type",
        )),
    }
}
