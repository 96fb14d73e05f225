//! Errors as MongoDB reports them: code, code name and message.

use std::fmt;

use bson::{Bson, Document, doc};

/// An error reply of a command.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CommandError {
    pub code: Code,
    pub message: String,
    /// Additional fields of the reply, such as `keyPattern` and `keyValue`.
    pub details: Document,
}

pub(crate) type Result<T = Document, E = CommandError> = std::result::Result<T, E>;

/// The MongoDB error codes that this server returns.
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
    /// A code without a name.
    Location(i32),
}

impl Code {
    pub fn number(self) -> i32 {
        self.entry().0
    }

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

impl CommandError {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Document::new(),
        }
    }

    pub fn bad_value(message: impl Into<String>) -> Self {
        Self::new(Code::BadValue, message)
    }

    /// A feature of MongoDB that this server does not have.
    pub fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(
            Code::NotImplemented,
            format!("{what} is not supported by embedded-mongo"),
        )
    }

    /// The reply of a failed command.
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

    /// An entry of `writeErrors`.
    pub fn to_write_error(&self, index: usize) -> Document {
        let mut entry = doc! {
            "index": i32::try_from(index).unwrap_or(i32::MAX),
            "code": self.code.number(),
            "errmsg": self.message.as_str(),
        };
        entry.extend(self.details.clone());
        entry
    }

    /// Adds a field to the reply.
    pub fn with(mut self, name: &str, value: impl Into<Bson>) -> Self {
        self.details.insert(name, value);
        self
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.message, self.code.name())
    }
}

impl std::error::Error for CommandError {}
