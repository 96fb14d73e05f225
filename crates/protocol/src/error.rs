//! Errors.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The closed list of error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request does not say what it must; `field` names where.
    Invalid,
    /// More than the limit; `retry_at` says when again.
    TooFast,
    /// The address or the password is not right.
    WrongCredentials,
    /// The code is not right; `attempts_left` says how many tries remain.
    WrongCode,
    /// The challenge has run out, was used, or never was.
    Expired,
    /// No session, or one that has ended.
    SignedOut,
    /// One may not do this.
    Forbidden,
    /// The room does not exist, or the user is not a member.
    UnknownRoom,
    /// No such thing.
    NotFound,
    /// No such `action`.
    UnknownAction,
    /// The body is over the limit.
    TooLarge,
    /// A broker or database is unavailable: the same request may succeed later.
    TryAgain,
    /// A fault of ours; nothing was promised.
    Internal,
    /// A code of a later version of the service: final, unless `retry_at` is present.
    #[serde(other)]
    Unknown,
}

/// The body of every refusal: `{error, message, …}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The reason, for programs.
    pub error: ErrorCode,
    /// The reason, a sentence for a person.
    pub message: String,
    /// With `invalid`: which field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// With `wrong_code`: how many tries remain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts_left: Option<u32>,
    /// With `too_fast`: when to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}
