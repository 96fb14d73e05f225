//! What can go wrong with the database, and whether to try again.

use std::fmt;

use domain::{ApiError, TooFast, Unavailable};
use mongodb::error::{ErrorKind, WriteFailure};

/// A database operation that failed.
#[derive(Debug)]
pub enum Error {
    /// A limit is used up, and nothing was counted.
    TooFast(TooFast),
    /// The database cannot be reached, or fails over: the same operation may
    /// succeed later. The cause is absent where concurrent writes did not settle.
    Unavailable(Option<mongodb::error::Error>),
    /// The operation is at fault.
    Failed(mongodb::error::Error),
}

/// The result of a database operation.
pub type Result<T> = std::result::Result<T, Error>;

/// MongoDB's code for a key that a unique index has already.
const DUPLICATE_KEY: i32 = 11_000;

/// Codes of transient failures: an election, a shutdown, an unreachable member, a
/// conflict, a lost cursor, an overloaded server or an exceeded time limit. The same
/// operation may succeed later (MongoDB, `error_codes.yml`; 8000 is Atlas').
const TRANSIENT: [i32; 23] = [
    6, 7, 24, 43, 46, 50, 64, 89, 91, 112, 134, 175, 189, 262, 365, 8_000, 9_001, 10_058, 10_107,
    11_600, 11_602, 13_435, 13_436,
];

/// Codes of an operation that met a step-down, a shutdown or a lost connection
/// within the replica set: what a driver retries (MongoDB, "Retryable Writes").
const INTERRUPTED: [i32; 12] = [
    6, 7, 89, 91, 189, 262, 9_001, 10_107, 11_600, 11_602, 13_435, 13_436,
];

impl fmt::Display for Error {
    // The driver's own text may quote the values of a unique key, such as an
    // address, so only the kind and the code are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFast(_) => write!(f, "the limit is used up"),
            Self::Unavailable(None) => write!(f, "concurrent writes did not settle in time"),
            Self::Unavailable(Some(cause)) => match code_of(cause) {
                Some(code) => write!(f, "the database is unavailable (code {code})"),
                None => write!(f, "the database cannot be reached"),
            },
            Self::Failed(cause) => match code_of(cause) {
                Some(code) => write!(f, "the database returned error code {code}"),
                None => write!(f, "the database driver failed: {}", kind(cause)),
            },
        }
    }
}

impl std::error::Error for Error {}

impl From<mongodb::error::Error> for Error {
    fn from(cause: mongodb::error::Error) -> Self {
        if is_unavailable(&cause) {
            Self::Unavailable(Some(cause))
        } else {
            Self::Failed(cause)
        }
    }
}

impl From<TooFast> for Error {
    fn from(too_fast: TooFast) -> Self {
        Self::TooFast(too_fast)
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::TooFast(too_fast) => Self::TooFast(too_fast),
            Error::Unavailable(_) => Self::Unavailable(Unavailable { what: "database" }),
            Error::Failed(_) => Self::internal(error),
        }
    }
}

impl Error {
    /// Concurrent writes did not settle in time.
    pub(crate) fn busy() -> Self {
        Self::Unavailable(None)
    }
}

/// Whether the write met a key that a unique index has already.
pub(crate) fn is_duplicate(error: &mongodb::error::Error) -> bool {
    code_of(error) == Some(DUPLICATE_KEY)
}

/// Whether a new primary or a new connection may accept the same operation now. It
/// may have been executed.
pub(crate) fn is_interrupted(error: &mongodb::error::Error) -> bool {
    matches!(
        error.kind.as_ref(),
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. }
    ) || code_of(error).is_some_and(|code| INTERRUPTED.contains(&code))
}

fn code_of(error: &mongodb::error::Error) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::InsertMany(error) => error
            .write_errors
            .as_ref()
            .and_then(|errors| errors.first())
            .map(|error| error.code),
        _ => None,
    }
}

fn is_unavailable(error: &mongodb::error::Error) -> bool {
    matches!(
        error.kind.as_ref(),
        ErrorKind::Io(_)
            | ErrorKind::ServerSelection { .. }
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::Write(WriteFailure::WriteConcernError(_))
    ) || error.contains_label("RetryableWriteError")
        || error.contains_label("SystemOverloadedError")
        || code_of(error).is_some_and(|code| TRANSIENT.contains(&code))
}

fn kind(error: &mongodb::error::Error) -> &'static str {
    match error.kind.as_ref() {
        ErrorKind::Authentication { .. } => "authentication",
        ErrorKind::BsonDeserialization(_) => "a stored document is not as expected",
        ErrorKind::BsonSerialization(_) => "a document could not be written",
        ErrorKind::InvalidArgument { .. } => "invalid argument",
        ErrorKind::InvalidResponse { .. } => "invalid response",
        _ => "other",
    }
}
