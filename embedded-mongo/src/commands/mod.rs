//! The commands, one after the other as they come in.

mod aggregate;
mod collections;
mod count;
pub(crate) mod counts;
pub(crate) mod cursors;
mod delete;
mod diagnostics;
mod explain;
mod find;
mod find_and_modify;
mod indexes;
mod insert;
mod merge;
mod terms;
mod update;
mod write;

use crate::arguments::Arguments;
use crate::connection::Connection;
use crate::error::{Code, Failure, Outcome};
use crate::server::State;
use crate::value::{field, fields, to_raw};
use crate::wire::Request;
use bson::{Document, RawBsonRef, RawDocumentBuf};
use std::sync::Arc;
use terms::{Retry, Terms};

/// A command under way.
pub(crate) struct Command<'a> {
    pub state: &'a State,
    pub connection: &'a Connection,
    pub name: &'a str,
    pub database: &'a str,
    pub arguments: Arguments<'a>,
    pub terms: Terms,
}

/// What a command answers.
pub(crate) enum Reply {
    Fields(Document),
    /// An answer that is made of stored documents, as bytes.
    Raw(RawDocumentBuf),
}

impl From<Document> for Reply {
    fn from(fields: Document) -> Self {
        Self::Fields(fields)
    }
}

/// Runs a command; the answer says whether it failed.
pub(crate) async fn run(
    state: &Arc<State>,
    connection: &Connection,
    request: &Request,
) -> RawDocumentBuf {
    let outcome = answer(state, connection, request).await;
    let fields = match outcome {
        Ok(Reply::Raw(raw)) => return raw,
        Ok(Reply::Fields(fields)) => fields,
        Err(failure) => failure.to_reply(),
    };
    to_raw(&fields).unwrap_or_else(|failure| {
        to_raw(&failure.to_reply()).expect("a failure's own words are plain")
    })
}

async fn answer(state: &State, connection: &Connection, request: &Request) -> Outcome<Reply> {
    let Some((name, _)) = fields(&request.body).next() else {
        return Err(Failure::new(
            Code::CommandNotFound,
            "an empty document is no command",
        ));
    };
    let database = match field(&request.body, "$db") {
        Some(RawBsonRef::String(database)) if !database.is_empty() => database,
        _ => {
            return Err(Failure::new(
                Code::Location(40571),
                "OP_MSG requests require a $db argument",
            ));
        }
    };
    let arguments = Arguments::new(name, &request.body, &request.sequences);
    let terms = Terms::read(name, &request.body)?;
    let settles = terms.settles;
    let command = Command {
        state,
        connection,
        name,
        database,
        arguments,
        terms,
    };
    let reply = command.dispatch();
    if !matches!(&reply, Err(failure) if failure.code == Code::CommandNotFound) {
        state.counts.add(name);
    }
    if settles {
        // A failed write has seen what others wrote, too.
        state.catalog.log.settled().await?;
    }
    reply
}

impl Command<'_> {
    fn dispatch(&self) -> Outcome<Reply> {
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
            "commitTransaction" | "abortTransaction" => Err(terms::no_transactions()),
            _ => Err(Failure::new(
                Code::CommandNotFound,
                format!(
                    "no such command: '{}' (or not supported by embedded-mongo)",
                    self.name
                ),
            )),
        };
        fields.map(Reply::Fields)
    }

    /// The collection that the command's own argument names.
    fn collection(&self) -> Outcome<&str> {
        let name = field_named(self)?;
        if name.is_empty() {
            return Err(Failure::new(
                Code::InvalidNamespace,
                format!("Invalid namespace specified '{}.'", self.database),
            ));
        }
        Ok(name)
    }

    fn namespace(&self, collection: &str) -> String {
        format!("{}.{collection}", self.database)
    }

    fn retry(&self) -> Option<&Retry> {
        self.terms.retry.as_ref()
    }
}

fn field_named<'a>(command: &'a Command<'_>) -> Outcome<&'a str> {
    // The names of commands are few, and the first field is always one of them.
    match command.arguments.first() {
        Some(RawBsonRef::String(name)) => Ok(name),
        _ => Err(Failure::new(
            Code::InvalidNamespace,
            "collection name has invalid type",
        )),
    }
}
