//! The terms on which a command is to run: its session, its write concern, its
//! read concern and its time.

use crate::error::{Code, Failure, Outcome};
use crate::session;
use crate::value::{arithmetic, elements, field, fields, to_bson, to_document};
use bson::{RawBsonRef, RawDocument};
use std::time::{Duration, Instant};

/// A write that may be sent again.
#[derive(Debug, Clone)]
pub(crate) struct Retry {
    pub session: Vec<u8>,
    pub number: i64,
    /// The number of the first statement.
    pub first: i32,
}

/// What a command is to keep to.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub retry: Option<Retry>,
    pub deadline: Option<Instant>,
    /// Whether the answer waits until what was written, or seen, is durable.
    pub settles: bool,
}

impl Terms {
    /// Reads the terms of a command.
    ///
    /// # Errors
    /// Transactions, and concerns that cannot be met.
    pub fn read(name: &str, body: &RawDocument) -> Outcome<Self> {
        if field(body, "startTransaction").is_some() || field(body, "autocommit").is_some() {
            return Err(no_transactions());
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
        ) || writes_at_its_end(body);
        let durable = match field(body, "writeConcern") {
            None => true,
            Some(RawBsonRef::Document(concern)) => write_concern(concern)?,
            Some(_) => return Err(wrong("writeConcern must be an object")),
        };
        let majority = match field(body, "readConcern") {
            None => false,
            Some(RawBsonRef::Document(concern)) => read_concern(concern)?,
            Some(_) => return Err(wrong("readConcern must be an object")),
        };
        Ok(Self {
            retry: retry(body)?,
            deadline: deadline(body)?,
            settles: (writes && durable) || majority,
        })
    }
}

/// Whether a pipeline puts its documents into a collection.
fn writes_at_its_end(body: &RawDocument) -> bool {
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

/// Why a transaction is refused.
pub(crate) fn no_transactions() -> Failure {
    Failure::new(
        Code::IllegalOperation,
        "transactions of several statements are not supported by embedded-mongo",
    )
}

/// Whether a write concern wants to wait until what was written is durable: that
/// of a majority does, and one that asks for the journal.
fn write_concern(concern: &RawDocument) -> Outcome<bool> {
    let (mut majority, mut journal) = (true, false);
    for (name, value) in fields(concern) {
        match (name, value) {
            ("w", RawBsonRef::String("majority")) => {}
            ("w", RawBsonRef::String(other)) => {
                return Err(Failure::new(
                    Code::Location(79),
                    format!(
                        "No write concern mode named '{other}' found in replica set configuration"
                    ),
                ));
            }
            ("w", value) => match arithmetic::whole(&to_bson(value)) {
                Some(0 | 1) => majority = false,
                Some(2..=50) => {
                    return Err(Failure::new(
                        Code::UnsatisfiableWriteConcern,
                        "Not enough data-bearing nodes",
                    ));
                }
                _ => return Err(wrong("w has to be a number from 0 to 50, or a string")),
            },
            ("j" | "fsync", RawBsonRef::Boolean(true)) => journal = true,
            ("j" | "fsync" | "wtimeout" | "provenance", _) => {}
            (other, _) => return Err(wrong(&format!("unknown field in writeConcern: {other}"))),
        }
    }
    Ok(majority || journal)
}

/// Whether a read concern wants only what is durable.
fn read_concern(concern: &RawDocument) -> Outcome<bool> {
    let mut majority = false;
    for (name, value) in fields(concern) {
        match (name, value) {
            ("level", RawBsonRef::String("local" | "available")) => {}
            ("level", RawBsonRef::String("majority" | "linearizable")) => majority = true,
            ("provenance", _) => {}
            (name, value) => {
                return Err(Failure::unsupported(format_args!(
                    "a readConcern with {name}: {value:?}"
                )));
            }
        }
    }
    Ok(majority)
}

fn retry(body: &RawDocument) -> Outcome<Option<Retry>> {
    let number = match field(body, "txnNumber") {
        None => return Ok(None),
        Some(RawBsonRef::Int64(number)) if number >= 0 => number,
        Some(_) => {
            return Err(wrong(
                "txnNumber must be a 64-bit integer that is not negative",
            ));
        }
    };
    let session = match field(body, "lsid") {
        Some(RawBsonRef::Document(lsid)) => session::id_of(&to_document(lsid))?,
        _ => {
            return Err(wrong(
                "Transaction number requires a session ID to also be specified",
            ));
        }
    };
    let first = match field(body, "stmtId") {
        None => 0,
        Some(value) => arithmetic::whole(&to_bson(value))
            .and_then(|first| i32::try_from(first).ok())
            .ok_or_else(|| wrong("stmtId must be a 32-bit integer"))?,
    };
    Ok(Some(Retry {
        session,
        number,
        first,
    }))
}

fn deadline(body: &RawDocument) -> Outcome<Option<Instant>> {
    let Some(value) = field(body, "maxTimeMS") else {
        return Ok(None);
    };
    match arithmetic::whole(&to_bson(value)) {
        Some(0) => Ok(None),
        Some(millis) if (1..=i64::from(i32::MAX)).contains(&millis) => {
            Ok(Instant::now().checked_add(Duration::from_millis(millis as u64)))
        }
        _ => Err(Failure::bad_value(
            "maxTimeMS must be a number from 0 to 2147483647",
        )),
    }
}

fn wrong(message: &str) -> Failure {
    Failure::new(Code::InvalidOptions, message)
}
