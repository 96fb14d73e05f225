//! Server commands.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bson::{DateTime, Document, doc, oid::ObjectId};

use super::Command;
use crate::error::{Code, CommandError, Result};
use crate::storage::collection::MAX_DOCUMENT_BYTES;
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
    let address = command.connection.address.to_string();
    let mut reply = doc! {
        "helloOk": true,
        "setName": "local",
        "setVersion": 1,
        "secondary": false,
        "primary": &address,
        "me": &address,
        "hosts": [&address],
        "electionId": ObjectId::from_bytes([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1]),
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
    reply.insert(primary, true);
    Ok(reply)
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
        "metrics": { "commands": command.state.counts.show() },
        "ok": 1.0,
    })
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
