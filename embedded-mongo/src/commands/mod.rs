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

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bson::{Bson, Document, RawBsonRef, RawDocumentBuf};

use crate::arguments::Arguments;
use crate::connection::Connection;
use crate::error::{Code, CommandError, Result};
use crate::execution::Execution;
use crate::fail_point::{FailWrite, Target};
use crate::replication;
use crate::server::State;
use crate::value::{elements, field, fields, to_document, to_raw};
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

/// What the connection does after a command.
pub(crate) enum Outcome {
    Reply(RawDocumentBuf),
    CloseConnection,
}

/// Runs a command.
pub(crate) async fn run(
    state: &Arc<State>,
    connection: &Connection,
    request: Arc<Request>,
) -> Outcome {
    let result = match answer(state, connection, request).await {
        Ok(None) => return Outcome::CloseConnection,
        Ok(Some(reply)) => reply.into_raw(),
        Err(error) => Err(error),
    };
    Outcome::Reply(result.unwrap_or_else(|error| {
        to_raw(&error.to_reply()).expect("an error reply has no invalid field names")
    }))
}

/// The reply to a command; `None` if the connection is to be closed.
async fn answer(
    state: &Arc<State>,
    connection: &Connection,
    request: Arc<Request>,
) -> Result<Option<Reply>> {
    let (name, database) = header(&request)?;
    let generic = GenericArguments::parse(name, &request.body)?;
    let retryable = generic.retry.is_some();
    let fail = state.fail_points.fail_command(|| Target {
        command: name,
        namespace: namespace(&request, database),
        app_name: connection.app_name.get().map(String::as_str),
    });
    if let Some(block) = fail.block {
        tokio::time::sleep(block).await;
    }
    if fail.close_connection {
        return Ok(None);
    }
    let labels = fail.labels.as_deref();
    if let Some(error) = fail.error {
        return Err(error.with_labels(retryable, labels));
    }
    check_role(state, name, &generic).map_err(|error| error.with_labels(retryable, None))?;
    let fail_write = if retryable {
        state.fail_points.fail_write()
    } else {
        None
    };
    if let Some(FailWrite::Error(error)) = fail_write {
        return Err(error.with_labels(retryable, None));
    }
    let reply = execute(state, connection, request.clone(), generic).await;
    let named = || namespace(&request, database);
    state.holds.wait(name, named).await;
    let reply = reply.map_err(|error| error.with_labels(retryable, None))?;
    if fail_write.is_some() {
        return Ok(None);
    }
    match fail.write_concern_error {
        Some(error) => reply.with_write_concern_error(error, labels).map(Some),
        None => Ok(Some(reply)),
    }
}

/// Executes a command and waits until its writes are committed as its write concern
/// demands.
async fn execute(
    state: &Arc<State>,
    connection: &Connection,
    request: Arc<Request>,
    generic: GenericArguments,
) -> Result<Reply> {
    let waits_for_commit = generic.waits_for_commit;
    let writes = generic.writes;
    let term = state.replication.term();
    let reply = match on_worker(state, connection, &request, &generic) {
        Some(reply) => reply,
        None => {
            let (state, connection) = (state.clone(), connection.clone());
            let execution = Execution::new(generic.deadline, state.stopping.clone());
            tokio::task::spawn_blocking(move || {
                execution.run(|| dispatch(&state, &connection, &request, generic))
            })
            .await
            .unwrap_or_else(|_| Err(internal_error()))
        }
    };
    let journal = &state.catalog.journal;
    if waits_for_commit || journal.is_backlogged() {
        // A failed write may have observed writes of others.
        journal.wait_until_durable().await?;
    }
    if writes && state.replication.term() != term {
        return Err(replication::interrupted());
    }
    reply
}

/// Runs a command on the async worker, if it is short. `None` if it needs a thread,
/// since a long command would block the other connections of the worker.
fn on_worker(
    state: &State,
    connection: &Connection,
    request: &Request,
    generic: &GenericArguments,
) -> Option<Result<Reply>> {
    let (name, _) = header(request).ok()?;
    let is_short = LIGHT.contains(&name) || (SHORT.contains(&name) && is_small(request));
    if !is_short {
        return None;
    }
    let execution = Execution::new(generic.deadline, state.stopping.clone()).on_worker();
    let reply = catch_unwind(AssertUnwindSafe(|| {
        execution.run(|| dispatch(state, connection, request, generic.clone()))
    }));
    match reply.unwrap_or_else(|_| Err(internal_error())) {
        Err(error) if error.code == Code::MoveToThread => None,
        reply => Some(reply),
    }
}

/// Whether a request has one statement and little data.
fn is_small(request: &Request) -> bool {
    let documents = request
        .sequences
        .iter()
        .flat_map(|(_, documents)| documents);
    let bytes: usize = documents
        .map(|document| document.as_bytes().len())
        .sum::<usize>()
        + request.body.as_bytes().len();
    let statements = ["updates", "deletes"].iter().all(|name| {
        let beside = request.sequences.iter().find(|(other, _)| other == name);
        let inside = match field(&request.body, name) {
            Some(RawBsonRef::Array(array)) => elements(array).take(2).count(),
            _ => 0,
        };
        beside.map_or(0, |(_, documents)| documents.len()) + inside <= 1
    });
    bytes <= MAX_SMALL_BYTES && statements
}

/// Size of a request above which it runs on a thread.
const MAX_SMALL_BYTES: usize = 64 * 1024;

/// Commands on data that are usually short.
const SHORT: [&str; 8] = [
    "insert",
    "update",
    "delete",
    "findAndModify",
    "find",
    "aggregate",
    "count",
    "distinct",
];

/// Commands that take constant time and run on the async workers.
const LIGHT: [&str; 13] = [
    "hello",
    "isMaster",
    "ismaster",
    "ping",
    "buildInfo",
    "buildinfo",
    "connectionStatus",
    "endSessions",
    "getParameter",
    "configureFailPoint",
    "replSetStepDown",
    "killCursors",
    "serverStatus",
];

fn header(request: &Request) -> Result<(&str, &str)> {
    let Some((name, _)) = fields(&request.body).next() else {
        return Err(CommandError::new(
            Code::CommandNotFound,
            "the command document is empty",
        ));
    };
    match field(&request.body, "$db") {
        Some(RawBsonRef::String(database)) if !database.is_empty() => Ok((name, database)),
        _ => Err(CommandError::new(
            Code::Location(40571),
            "OP_MSG requests require a $db argument",
        )),
    }
}

/// The namespace that a command's first argument names, for fail points.
fn namespace(request: &Request, database: &str) -> String {
    match fields(&request.body).next() {
        Some((_, RawBsonRef::String(collection))) => format!("{database}.{collection}"),
        _ => database.to_owned(),
    }
}

/// Rejects commands that only a primary executes.
fn check_role(state: &State, name: &str, generic: &GenericArguments) -> Result<()> {
    if state.replication.election().is_none() || LIGHT.contains(&name) {
        return Ok(());
    }
    if generic.writes {
        return Err(replication::not_writable());
    }
    if generic.secondary_ok || name == "getMore" {
        return Ok(());
    }
    Err(replication::not_readable())
}

fn internal_error() -> CommandError {
    tracing::error!("command panicked");
    CommandError::new(
        Code::InternalError,
        "the command failed with an internal error",
    )
}

fn dispatch(
    state: &State,
    connection: &Connection,
    request: &Request,
    generic: GenericArguments,
) -> Result<Reply> {
    let (name, database) = header(request)?;
    let command = Command {
        state,
        connection,
        name,
        database,
        arguments: Arguments::new(name, &request.body, &request.sequences),
        generic,
    };
    let reply = command.dispatch();
    if !matches!(
        &reply,
        Err(error) if matches!(error.code, Code::CommandNotFound | Code::MoveToThread)
    ) {
        state.counters.add(name);
    }
    reply
}

impl Reply {
    fn into_raw(self) -> Result<RawDocumentBuf> {
        match self {
            Self::Raw(raw) => Ok(raw),
            Self::Fields(fields) => to_raw(&fields),
        }
    }

    fn with_write_concern_error(self, error: Document, labels: Option<&[String]>) -> Result<Self> {
        let mut fields = to_document(&self.into_raw()?);
        let mut error = error;
        let error_labels = error.remove("errorLabels");
        if let Some(Bson::Int32(code)) = error.get("code").cloned()
            && !error.contains_key("codeName")
        {
            error.insert("codeName", Code::Location(code).name());
        }
        fields.insert("writeConcernError", error);
        match (labels, error_labels) {
            (Some(labels), _) => {
                fields.insert("errorLabels", labels.to_vec());
            }
            (None, Some(labels)) => {
                fields.insert("errorLabels", labels);
            }
            (None, None) => {}
        }
        Ok(Self::Fields(fields))
    }
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
            "configureFailPoint" => diagnostics::configure_fail_point(self),
            "replSetStepDown" => diagnostics::step_down(self),
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
