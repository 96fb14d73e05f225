//! Server commands.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bson::{DateTime, Document, RawBsonRef, doc};

use super::Command;
use crate::error::{Code, CommandError, Result};
use crate::replication::ElectionCause;
use crate::storage::collection::MAX_DOCUMENT_BYTES;
use crate::value::{field, to_document};
use crate::wire::MAX_MESSAGE_BYTES;

/// The emulated MongoDB version.
const VERSION: &str = "8.0.0";
/// The wire version of [`VERSION`].
const WIRE_VERSION: i32 = 25;
const MAX_WRITE_BATCH: i32 = 100_000;

/// The server presents itself as the primary of a replica set with one member.
pub(super) fn hello(command: &Command<'_>) -> Result {
    command.arguments.ignore(&[
        "helloOk",
        "client",
        "compression",
        "loadBalanced",
        "saslSupportedMechs",
        "speculativeAuthenticate",
        "topologyVersion",
        "maxAwaitTimeMS",
        "hostInfo",
        "internalClient",
        "backpressure",
    ]);
    remember_app_name(command);
    let address = command.connection.address.to_string();
    let is_primary = command.state.replication.election().is_none();
    let mut reply = doc! {
        "helloOk": true,
        "setName": "local",
        "setVersion": 1,
        "secondary": !is_primary,
        "me": &address,
        "hosts": [&address],
        "maxBsonObjectSize": MAX_DOCUMENT_BYTES as i32,
        "maxMessageSizeBytes": MAX_MESSAGE_BYTES as i32,
        "maxWriteBatchSize": MAX_WRITE_BATCH,
        "localTime": DateTime::now(),
        "logicalSessionTimeoutMinutes": 30,
        "connectionId": command.connection.number,
        "minWireVersion": 0,
        "maxWireVersion": WIRE_VERSION,
        "readOnly": false,
        "ok": 1.0,
    };
    let primary = if command.name == "hello" {
        "isWritablePrimary"
    } else {
        "ismaster"
    };
    reply.insert(primary, is_primary);
    if is_primary {
        reply.insert("primary", address);
        reply.insert("electionId", command.state.replication.election_id());
    }
    Ok(reply)
}

/// Stores the application name of the client metadata, which fail points can match.
fn remember_app_name(command: &Command<'_>) {
    let Ok(Some(client)) = command.arguments.document("client") else {
        return;
    };
    if let Some(RawBsonRef::Document(application)) = field(client, "application")
        && let Some(RawBsonRef::String(name)) = field(application, "name")
    {
        // Only the first hello of a connection has client metadata.
        let _ = command.connection.app_name.set(name.to_owned());
    }
}

pub(super) fn ping(command: &Command<'_>) -> Result {
    command.arguments.finish(true)?;
    Ok(doc! { "ok": 1.0 })
}

pub(super) fn build_info(command: &Command<'_>) -> Result {
    command.arguments.finish(true)?;
    Ok(doc! {
        "version": VERSION,
        "versionArray": [8, 0, 0, 0],
        "gitVersion": "embedded-mongo",
        "modules": ["embedded-mongo"],
        "bits": 64,
        "debug": cfg!(debug_assertions),
        "maxBsonObjectSize": MAX_DOCUMENT_BYTES as i32,
        "ok": 1.0,
    })
}

pub(super) fn connection_status(command: &Command<'_>) -> Result {
    command.arguments.ignore(&["showPrivileges"]);
    command.arguments.finish(true)?;
    let none = Vec::<Document>::new();
    Ok(doc! {
        "authInfo": { "authenticatedUsers": none.clone(), "authenticatedUserRoles": none },
        "ok": 1.0,
    })
}

/// A session has no resources to release; retry records expire on their own.
pub(super) fn end_sessions(command: &Command<'_>) -> Result {
    command.arguments.finish(true)?;
    Ok(doc! { "ok": 1.0 })
}

pub(super) fn get_parameter(command: &Command<'_>) -> Result {
    if command.arguments.string("getParameter").ok().flatten() == Some("*") {
        return Err(CommandError::unsupported("getParameter of everything"));
    }
    if command
        .arguments
        .raw("featureCompatibilityVersion")
        .is_some()
    {
        command.arguments.finish(true)?;
        return Ok(doc! { "featureCompatibilityVersion": { "version": "8.0" }, "ok": 1.0 });
    }
    Err(CommandError::new(
        Code::InvalidOptions,
        "no option found to get (or not supported by embedded-mongo)",
    ))
}

pub(super) fn server_status(command: &Command<'_>) -> Result {
    command.arguments.finish(true)?;
    let uptime = command.state.started.elapsed();
    Ok(doc! {
        "host": command.connection.address.to_string(),
        "version": VERSION,
        "process": "embedded-mongo",
        "pid": i64::from(std::process::id()),
        "uptime": uptime.as_secs_f64(),
        "uptimeMillis": uptime.as_millis() as i64,
        "localTime": DateTime::now(),
        "metrics": { "commands": command.state.counters.show() },
        "ok": 1.0,
    })
}

pub(super) fn configure_fail_point(command: &Command<'_>) -> Result {
    let arguments = &command.arguments;
    require_admin(command)?;
    let Some(RawBsonRef::String(name)) = arguments.first() else {
        return Err(arguments.missing("configureFailPoint"));
    };
    let mode = arguments
        .value("mode")
        .ok_or_else(|| arguments.missing("mode"))?;
    let data = arguments.document("data")?.map(to_document);
    arguments.finish(true)?;
    let entered = command
        .state
        .fail_points
        .configure(name, &mode, data.unwrap_or_default())?;
    Ok(doc! { "count": entered, "ok": 1.0 })
}

/// Steps down although the replica set has no other member: the server becomes
/// primary again after the given number of seconds.
pub(super) fn step_down(command: &Command<'_>) -> Result {
    let arguments = &command.arguments;
    require_admin(command)?;
    let seconds = arguments.count("replSetStepDown")?.unwrap_or(60);
    arguments.ignore(&["secondaryCatchUpPeriodSecs", "force"]);
    arguments.finish(true)?;
    if seconds == 0 {
        return Err(CommandError::bad_value(
            "stepdown period must be longer than secondaryCatchUpPeriodSecs",
        ));
    }
    let length = Duration::from_secs(seconds);
    command
        .state
        .replication
        .elect(length, ElectionCause::StepDown);
    Ok(doc! { "ok": 1.0 })
}

fn require_admin(command: &Command<'_>) -> Result<()> {
    if command.database == "admin" {
        return Ok(());
    }
    Err(CommandError::new(
        Code::Location(13),
        format!(
            "{} may only be run against the admin database.",
            command.name
        ),
    ))
}

/// Number of executions of each command since the start.
#[derive(Debug, Default)]
pub(crate) struct CommandCounters(Mutex<BTreeMap<String, i64>>);

impl CommandCounters {
    pub fn add(&self, name: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                counts.insert(name.to_owned(), 1);
            }
        }
    }

    pub fn show(&self) -> Document {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = counts.iter();
        shown
            .map(|(name, total)| (name.clone(), doc! { "total": total }.into()))
            .collect()
    }
}
