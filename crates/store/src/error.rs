//! What can go wrong with the database, and whether to try again.

use std::fmt;

use domain::Unavailable;
use mongodb::error::{ErrorKind, WriteFailure};

/// A database operation that failed. [`Unavailable`] is in its chain when the
/// same operation may succeed later.
#[derive(Debug)]
pub struct Error {
    cause: mongodb::error::Error,
}

/// The result of a database operation.
pub type Result<T> = std::result::Result<T, Error>;

/// MongoDB's code for a key that a unique index has already.
const DUPLICATE_KEY: i32 = 11_000;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The driver's own text may quote the values of a unique key, such as an
        // address, so only the kind and the code are told.
        match code_of(&self.cause) {
            Some(code) => write!(f, "the database refused with code {code}"),
            None if is_away(&self.cause) => write!(f, "the database cannot be reached"),
            None => write!(f, "the database driver failed: {}", kind(&self.cause)),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        static AWAY: Unavailable = Unavailable { what: "database" };
        is_away(&self.cause).then_some(&AWAY)
    }
}

impl From<mongodb::error::Error> for Error {
    fn from(cause: mongodb::error::Error) -> Self {
        Self { cause }
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
        || error.contains_label("TransientTransactionError")
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
