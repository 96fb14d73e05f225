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

/// Error codes of MongoDB that this server returns, and names of others that fail
/// points can produce.
macro_rules! codes {
    ($($variant:ident $number:literal,)* ; $($other:literal $name:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code {
            $($variant,)*
            /// A code by its number.
            Location(i32),
        }

        impl Code {
            pub fn number(self) -> i32 {
                match self {
                    $(Self::$variant => $number,)*
                    Self::Location(number) => number,
                }
            }

            pub fn name(self) -> String {
                match self.number() {
                    $($number => stringify!($variant).to_owned(),)*
                    $($other => $name.to_owned(),)*
                    number => format!("Location{number}"),
                }
            }
        }
    };
}

// `MoveToThread` never leaves the server.
codes! {
    MoveToThread 0,
    InternalError 1,
    BadValue 2,
    FailedToParse 9,
    TypeMismatch 14,
    Overflow 15,
    InvalidLength 16,
    IllegalOperation 20,
    NamespaceNotFound 26,
    IndexNotFound 27,
    PathNotViable 28,
    ConflictingUpdateOperators 40,
    CursorNotFound 43,
    MaxTimeMSExpired 50,
    DollarPrefixedFieldName 52,
    InvalidIdField 53,
    NotSingleValueField 54,
    EmptyFieldName 56,
    CommandNotFound 59,
    ImmutableField 66,
    CannotCreateIndex 67,
    InvalidOptions 72,
    InvalidNamespace 73,
    IndexOptionsConflict 85,
    IndexKeySpecsConflict 86,
    UnsatisfiableWriteConcern 100,
    ExceededMemoryLimit 146,
    InvalidPipelineOperator 168,
    CannotIndexParallelArrays 171,
    TransactionTooOld 225,
    NotImplemented 238,
    FailPointSetFailed 297,
    NotWritablePrimary 10107,
    BSONObjectTooLarge 10334,
    DuplicateKey 11000,
    InterruptedAtShutdown 11600,
    InterruptedDueToReplStateChange 11602,
    NotPrimaryNoSecondaryOk 13435,
    ;
    6 "HostUnreachable",
    7 "HostNotFound",
    11 "UserNotFound",
    13 "Unauthorized",
    18 "AuthenticationFailed",
    22 "InvalidBSON",
    24 "LockTimeout",
    46 "LockBusy",
    63 "StaleShardVersion",
    64 "WriteConcernTimeout",
    79 "UnknownReplWriteConcern",
    89 "NetworkTimeout",
    91 "ShutdownInProgress",
    96 "OperationFailed",
    112 "WriteConflict",
    133 "FailedToSatisfyReadPreference",
    134 "ReadConcernMajorityNotAvailableYet",
    136 "CappedPositionLost",
    150 "StaleEpoch",
    175 "QueryPlanKilled",
    189 "PrimarySteppedDown",
    197 "InvalidIndexSpecificationOption",
    202 "NetworkInterfaceExceededTimeLimit",
    234 "RetryChangeStream",
    237 "CursorKilled",
    244 "TransactionAborted",
    251 "NoSuchTransaction",
    262 "ExceededTimeLimit",
    290 "TransactionExceededLifetimeLimitSeconds",
    292 "QueryExceededMemoryLimitNoDiskUseAllowed",
    365 "TemporarilyUnavailable",
    462 "IngressRequestRateLimitExceeded",
    9001 "SocketException",
    10003 "CannotGrowDocumentInCappedNamespace",
    10058 "LegacyNotPrimary",
    11601 "Interrupted",
    13388 "StaleConfig",
    13436 "NotPrimaryOrSecondary",
}

/// Codes for which the server adds the label `RetryableWriteError` to the reply of a
/// retryable write.
const RETRYABLE_WRITE: [i32; 12] = [
    6, 7, 89, 91, 189, 262, 9_001, 10_107, 11_600, 11_602, 13_435, 13_436,
];

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

    /// Adds the labels that drivers decide by whether to retry.
    pub fn with_labels(self, retryable_write: bool, labels: Option<&[String]>) -> Self {
        let retryable = retryable_write && RETRYABLE_WRITE.contains(&self.code.number());
        match labels {
            Some([]) => self,
            Some(labels) => self.with("errorLabels", labels.to_vec()),
            None if retryable => self.with("errorLabels", vec!["RetryableWriteError"]),
            None => self,
        }
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
