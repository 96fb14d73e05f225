//! Generic command arguments: session, write concern, read concern and time
//! limit.

use std::time::{Duration, Instant};

use bson::{RawBsonRef, RawDocument};

use crate::error::{Code, CommandError, Result};
use crate::session;
use crate::value::{arithmetic, elements, field, fields, to_bson, to_document};

/// Identifies a retryable write.
#[derive(Debug, Clone)]
pub(crate) struct RetryableWrite {
    pub session: Vec<u8>,
    pub number: i64,
    /// Number of the first statement.
    pub first: i32,
}

#[derive(Debug, Clone)]
pub(crate) struct GenericArguments {
    pub retry: Option<RetryableWrite>,
    pub deadline: Option<Instant>,
    /// Whether the reply waits until everything written or read is durable.
    pub waits_for_commit: bool,
    /// Whether the command writes.
    pub writes: bool,
    /// Whether the read preference allows a secondary.
    pub secondary_ok: bool,
}

impl GenericArguments {
    pub fn parse(name: &str, body: &RawDocument) -> Result<Self> {
        if field(body, "startTransaction").is_some() || field(body, "autocommit").is_some() {
            return Err(transactions_unsupported());
        }
        let writes = matches!(
            name,
            "insert"
                | "update"
                | "delete"
                | "findAndModify"
                | "findandmodify"
                | "create"
                | "drop"
                | "dropDatabase"
                | "createIndexes"
                | "dropIndexes"
                | "deleteIndexes"
        ) || ends_in_write_stage(body);
        let durable = match field(body, "writeConcern") {
            None => true,
            Some(RawBsonRef::Document(concern)) => write_concern(concern)?,
            Some(_) => return Err(invalid("writeConcern must be an object")),
        };
        let majority = match field(body, "readConcern") {
            None => false,
            Some(RawBsonRef::Document(concern)) => read_concern(concern)?,
            Some(_) => return Err(invalid("readConcern must be an object")),
        };
        Ok(Self {
            retry: retry(body)?,
            deadline: deadline(body)?,
            waits_for_commit: (writes && durable) || majority,
            writes,
            secondary_ok: secondary_ok(body),
        })
    }
}

/// Whether the read preference is another than `primary`.
fn secondary_ok(body: &RawDocument) -> bool {
    match field(body, "$readPreference") {
        Some(RawBsonRef::Document(preference)) => !matches!(
            field(preference, "mode"),
            None | Some(RawBsonRef::String("primary"))
        ),
        _ => false,
    }
}

/// Whether a pipeline ends with `$out` or `$merge`.
fn ends_in_write_stage(body: &RawDocument) -> bool {
    let Some(RawBsonRef::Array(stages)) = field(body, "pipeline") else {
        return false;
    };
    elements(stages).last().is_some_and(|stage| match stage {
        RawBsonRef::Document(stage) => {
            fields(stage).any(|(name, _)| matches!(name, "$out" | "$merge"))
        }
        _ => false,
    })
}

pub(crate) fn transactions_unsupported() -> CommandError {
    CommandError::new(
        Code::IllegalOperation,
        "transactions of several statements are not supported by embedded-mongo",
    )
}

/// Whether a write concern waits for durability: `majority` and `j: true` do.
fn write_concern(concern: &RawDocument) -> Result<bool> {
    let (mut majority, mut journal) = (true, false);
    for (name, value) in fields(concern) {
        match (name, value) {
            ("w", RawBsonRef::String("majority")) => {}
            ("w", RawBsonRef::String(other)) => {
                return Err(CommandError::new(
                    Code::Location(79),
                    format!(
                        "No write concern mode named '{other}' found in replica set configuration"
                    ),
                ));
            }
            ("w", value) => match arithmetic::as_integer(&to_bson(value)) {
                Some(0 | 1) => majority = false,
                Some(2..=50) => {
                    return Err(CommandError::new(
                        Code::UnsatisfiableWriteConcern,
                        "Not enough data-bearing nodes",
                    ));
                }
                _ => return Err(invalid("w has to be a number from 0 to 50, or a string")),
            },
            ("j" | "fsync", RawBsonRef::Boolean(true)) => journal = true,
            ("j" | "fsync" | "wtimeout" | "provenance", _) => {}
            (other, _) => return Err(invalid(&format!("unknown field in writeConcern: {other}"))),
        }
    }
    Ok(majority || journal)
}

/// Whether a read concern returns only durable data.
fn read_concern(concern: &RawDocument) -> Result<bool> {
    let mut majority = false;
    for (name, value) in fields(concern) {
        match (name, value) {
            ("level", RawBsonRef::String("local" | "available")) => {}
            ("level", RawBsonRef::String("majority" | "linearizable")) => majority = true,
            ("provenance", _) => {}
            (name, value) => {
                return Err(CommandError::unsupported(format_args!(
                    "a readConcern with {name}: {value:?}"
                )));
            }
        }
    }
    Ok(majority)
}

fn retry(body: &RawDocument) -> Result<Option<RetryableWrite>> {
    let number = match field(body, "txnNumber") {
        None => return Ok(None),
        Some(RawBsonRef::Int64(number)) if number >= 0 => number,
        Some(_) => {
            return Err(invalid(
                "txnNumber must be a 64-bit integer that is not negative",
            ));
        }
    };
    let session = match field(body, "lsid") {
        Some(RawBsonRef::Document(lsid)) => session::id_of(&to_document(lsid))?,
        _ => {
            return Err(invalid(
                "Transaction number requires a session ID to also be specified",
            ));
        }
    };
    let first = match field(body, "stmtId") {
        None => 0,
        Some(value) => arithmetic::as_integer(&to_bson(value))
            .and_then(|first| i32::try_from(first).ok())
            .ok_or_else(|| invalid("stmtId must be a 32-bit integer"))?,
    };
    Ok(Some(RetryableWrite {
        session,
        number,
        first,
    }))
}

fn deadline(body: &RawDocument) -> Result<Option<Instant>> {
    let Some(value) = field(body, "maxTimeMS") else {
        return Ok(None);
    };
    match arithmetic::as_integer(&to_bson(value)) {
        Some(0) => Ok(None),
        Some(millis) if (1..=i64::from(i32::MAX)).contains(&millis) => {
            Ok(Instant::now().checked_add(Duration::from_millis(millis as u64)))
        }
        _ => Err(CommandError::bad_value(
            "maxTimeMS must be a number from 0 to 2147483647",
        )),
    }
}

fn invalid(message: &str) -> CommandError {
    CommandError::new(Code::InvalidOptions, message)
}
