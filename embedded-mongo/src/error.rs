//! Failures as MongoDB reports them: a number, a name for it, and a message.

use bson::{Bson, Document, doc};
use std::fmt;

/// What a command answers when it cannot do its work.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub code: Code,
    pub message: String,
    /// Further fields of the answer, such as `keyPattern` and `keyValue`.
    pub details: Document,
}

/// The result of anything a command does.
pub(crate) type Outcome<T = Document> = Result<T, Failure>;

/// The error codes of MongoDB that this server gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    InternalError,
    BadValue,
    FailedToParse,
    TypeMismatch,
    Overflow,
    InvalidLength,
    IllegalOperation,
    NamespaceNotFound,
    IndexNotFound,
    PathNotViable,
    ConflictingUpdateOperators,
    CursorNotFound,
    MaxTimeMSExpired,
    DollarPrefixedFieldName,
    NotExactValueField,
    EmptyFieldName,
    CommandNotFound,
    ImmutableField,
    CannotCreateIndex,
    InvalidOptions,
    InvalidNamespace,
    IndexOptionsConflict,
    IndexKeySpecsConflict,
    CannotIndexParallelArrays,
    InvalidPipelineOperator,
    InvalidIdField,
    UnsatisfiableWriteConcern,
    TransactionTooOld,
    NotImplemented,
    DuplicateKey,
    ObjectTooLarge,
    /// One of MongoDB's unnamed codes.
    Location(i32),
}

impl Code {
    /// The number on the wire.
    pub fn number(self) -> i32 {
        self.entry().0
    }

    /// The `codeName` on the wire.
    pub fn name(self) -> String {
        match self.entry() {
            (number, "") => format!("Location{number}"),
            (_, name) => name.to_owned(),
        }
    }

    fn entry(self) -> (i32, &'static str) {
        match self {
            Self::InternalError => (1, "InternalError"),
            Self::BadValue => (2, "BadValue"),
            Self::FailedToParse => (9, "FailedToParse"),
            Self::TypeMismatch => (14, "TypeMismatch"),
            Self::Overflow => (15, "Overflow"),
            Self::InvalidLength => (16, "InvalidLength"),
            Self::IllegalOperation => (20, "IllegalOperation"),
            Self::NamespaceNotFound => (26, "NamespaceNotFound"),
            Self::IndexNotFound => (27, "IndexNotFound"),
            Self::PathNotViable => (28, "PathNotViable"),
            Self::ConflictingUpdateOperators => (40, "ConflictingUpdateOperators"),
            Self::CursorNotFound => (43, "CursorNotFound"),
            Self::MaxTimeMSExpired => (50, "MaxTimeMSExpired"),
            Self::DollarPrefixedFieldName => (52, "DollarPrefixedFieldName"),
            Self::InvalidIdField => (53, "InvalidIdField"),
            Self::NotExactValueField => (54, "NotSingleValueField"),
            Self::EmptyFieldName => (56, "EmptyFieldName"),
            Self::CommandNotFound => (59, "CommandNotFound"),
            Self::ImmutableField => (66, "ImmutableField"),
            Self::CannotCreateIndex => (67, "CannotCreateIndex"),
            Self::InvalidOptions => (72, "InvalidOptions"),
            Self::InvalidNamespace => (73, "InvalidNamespace"),
            Self::IndexOptionsConflict => (85, "IndexOptionsConflict"),
            Self::IndexKeySpecsConflict => (86, "IndexKeySpecsConflict"),
            Self::UnsatisfiableWriteConcern => (100, "UnsatisfiableWriteConcern"),
            Self::InvalidPipelineOperator => (168, "InvalidPipelineOperator"),
            Self::CannotIndexParallelArrays => (171, "CannotIndexParallelArrays"),
            Self::TransactionTooOld => (225, "TransactionTooOld"),
            Self::NotImplemented => (238, "NotImplemented"),
            Self::ObjectTooLarge => (10334, "BSONObjectTooLarge"),
            Self::DuplicateKey => (11000, "DuplicateKey"),
            Self::Location(number) => (number, ""),
        }
    }
}

impl Failure {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Document::new(),
        }
    }

    /// A value that the command cannot take.
    pub fn bad_value(message: impl Into<String>) -> Self {
        Self::new(Code::BadValue, message)
    }

    /// Something MongoDB has and this server has not; `what` names it.
    pub fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(
            Code::NotImplemented,
            format!("{what} is not supported by embedded-mongo"),
        )
    }

    /// The whole answer to a command that failed.
    pub fn to_reply(&self) -> Document {
        let mut reply = doc! {
            "ok": 0.0,
            "errmsg": self.message.as_str(),
            "code": self.code.number(),
            "codeName": self.code.name(),
        };
        reply.extend(self.details.clone());
        reply
    }

    /// One entry of `writeErrors`.
    pub fn to_write_error(&self, index: usize) -> Document {
        let mut entry = doc! {
            "index": i32::try_from(index).unwrap_or(i32::MAX),
            "code": self.code.number(),
            "errmsg": self.message.as_str(),
        };
        entry.extend(self.details.clone());
        entry
    }

    /// Adds a field to the answer.
    pub fn with(mut self, name: &str, value: impl Into<Bson>) -> Self {
        self.details.insert(name, value);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.message, self.code.name())
    }
}

impl std::error::Error for Failure {}
