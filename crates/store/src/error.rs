//! What can go wrong with the database, and whether to try again.

use std::fmt;

use domain::Unavailable;
use mongodb::error::{ErrorKind, WriteFailure};

/// A database operation that failed. [`Unavailable`] is in its chain when the
/// same operation may succeed later.
#[derive(Debug)]
pub struct Error {
    /// None where the database answered and what was asked for did not settle.
    cause: Option<mongodb::error::Error>,
}

/// The result of a database operation.
pub type Result<T> = std::result::Result<T, Error>;

/// MongoDB's code for a key that a unique index has already.
const DUPLICATE_KEY: i32 = 11_000;

/// Codes of a server that steps down, shuts down, cannot reach a majority or its
/// peers, or ran out of time: the same operation may succeed in a moment
/// (MongoDB, `error_codes.yml`).
const PASSING: [i32; 15] = [
    6, 7, 50, 64, 89, 91, 134, 189, 262, 9_001, 10_058, 10_107, 11_600, 11_602, 13_435,
];

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The driver's own text may quote the values of a unique key, such as an
        // address, so only the kind and the code are told.
        let Some(cause) = &self.cause else {
            return write!(f, "a write did not settle in time");
        };
        match code_of(cause) {
            Some(code) => write!(f, "the database refused with code {code}"),
            None if is_away(cause) => write!(f, "the database cannot be reached"),
            None => write!(f, "the database driver failed: {}", kind(cause)),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        static AWAY: Unavailable = Unavailable { what: "database" };
        self.cause.as_ref().is_none_or(is_away).then_some(&AWAY)
    }
}

impl From<mongodb::error::Error> for Error {
    fn from(cause: mongodb::error::Error) -> Self {
        Self { cause: Some(cause) }
    }
}

impl Error {
    /// What was asked for did not settle in time; later it may.
    pub(crate) fn busy() -> Self {
        Self { cause: None }
    }
}

/// Whether the write met a key that a unique index has already.
pub(crate) fn is_duplicate(error: &mongodb::error::Error) -> bool {
    code_of(error) == Some(DUPLICATE_KEY)
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

fn is_away(error: &mongodb::error::Error) -> bool {
    matches!(
        error.kind.as_ref(),
        ErrorKind::Io(_)
            | ErrorKind::ServerSelection { .. }
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::Write(WriteFailure::WriteConcernError(_))
    ) || error.contains_label("RetryableWriteError")
        || error.contains_label("SystemOverloadedError")
        || code_of(error).is_some_and(|code| PASSING.contains(&code))
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
