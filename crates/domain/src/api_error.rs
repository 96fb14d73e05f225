//! The closed list of errors that the API answers with.

use std::error::Error;

use protocol::{ErrorBody, ErrorCode};

use crate::{Timestamp, Unavailable, ValidationError};

/// A limit is used up. Nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFast {
    /// When the same request is granted again.
    pub retry_at: Timestamp,
}

/// Why a request or a frame fails. The errors of the I/O crates convert into it
/// with `?`: a dependency that is unavailable becomes [`ApiError::Unavailable`],
/// anything unexpected [`ApiError::Internal`], which is logged with its causes
/// and never shown.
#[derive(Debug)]
pub enum ApiError {
    /// A field of the request is invalid.
    Invalid(ValidationError),
    /// A rate limit is used up.
    TooFast(TooFast),
    /// Email address or password is wrong.
    WrongCredentials,
    WrongCode {
        attempts_left: u32,
    },
    /// The challenge is unknown, expired or used.
    Expired,
    /// There is no live session.
    SignedOut,
    /// The caller lacks the permission.
    Forbidden(&'static str),
    /// The route needs a fresh session ([`crate::limits::FRESH`]).
    NotFresh,
    /// The room does not exist, or the caller is not a member.
    UnknownRoom,
    /// The resource does not exist, or does not belong to the caller.
    NotFound,
    /// The frame's action is unknown.
    UnknownAction,
    /// The body is over [`crate::limits::BODY_BYTES`].
    TooLarge,
    Unavailable(Unavailable),
    /// A bug, or a dependency that misbehaves.
    Internal(Box<dyn Error + Send + Sync>),
}

impl From<ValidationError> for ApiError {
    fn from(invalid: ValidationError) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<TooFast> for ApiError {
    fn from(too_fast: TooFast) -> Self {
        Self::TooFast(too_fast)
    }
}

impl From<Unavailable> for ApiError {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

impl ApiError {
    pub fn internal(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Internal(Box::new(error))
    }

    /// The last second factor cannot be removed while the password is short.
    pub fn needs_longer_password() -> Self {
        Self::Invalid(ValidationError::new(
            "password",
            "This password is too short to be the only factor. Choose a longer one first.",
        ))
    }

    /// The error code for programs.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(_) => ErrorCode::Invalid,
            Self::TooFast(_) => ErrorCode::TooFast,
            Self::WrongCredentials => ErrorCode::WrongCredentials,
            Self::WrongCode { .. } => ErrorCode::WrongCode,
            Self::Expired => ErrorCode::Expired,
            Self::SignedOut => ErrorCode::SignedOut,
            Self::Forbidden(_) | Self::NotFresh => ErrorCode::Forbidden,
            Self::UnknownRoom => ErrorCode::UnknownRoom,
            Self::NotFound => ErrorCode::NotFound,
            Self::UnknownAction => ErrorCode::UnknownAction,
            Self::TooLarge => ErrorCode::TooLarge,
            Self::Unavailable(_) => ErrorCode::TryAgain,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }

    pub fn message(&self) -> String {
        match self {
            Self::Invalid(invalid) => invalid.message.clone(),
            Self::TooFast(_) => "Too many attempts. Please wait a moment.".into(),
            Self::WrongCredentials => "The email address or the password is wrong.".into(),
            Self::WrongCode { attempts_left: 0 } => {
                "The code is wrong, and this was the last try. Request a new one.".into()
            }
            Self::WrongCode { attempts_left: 1 } => "The code is wrong. 1 try left.".into(),
            Self::WrongCode { attempts_left } => {
                format!("The code is wrong. {attempts_left} tries left.")
            }
            Self::Expired => "The code has expired. Request a new one.".into(),
            Self::SignedOut => "Please sign in.".into(),
            Self::Forbidden(why) => (*why).into(),
            Self::NotFresh => "Please enter your password again to change this.".into(),
            Self::UnknownRoom => "You are not a member of this room.".into(),
            Self::NotFound => "Not found.".into(),
            Self::UnknownAction => "Unknown action.".into(),
            Self::TooLarge => "The request is larger than 64 KB.".into(),
            Self::Unavailable(_) => "Banter is temporarily unavailable. Please try again.".into(),
            Self::Internal(_) => "Something went wrong on our side.".into(),
        }
    }

    /// The field at fault, where the input is.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid(invalid) => Some(&invalid.field),
            _ => None,
        }
    }

    /// When to try again, where that is known.
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::TooFast(too_fast) => Some(too_fast.retry_at),
            _ => None,
        }
    }

    /// The JSON body of an HTTP response.
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            error: self.code(),
            message: self.message(),
            field: match self {
                Self::Invalid(invalid) => Some(invalid.field.clone()),
                _ => None,
            },
            attempts_left: match self {
                Self::WrongCode { attempts_left } => Some(*attempts_left),
                _ => None,
            },
            retry_at: self.retry_at(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_the_fields_that_the_protocol_gives_its_code() {
        let json = |error: ApiError| serde_json::to_value(error.body()).unwrap();
        let invalid = json(ValidationError::new("email", "Enter an email address.").into());
        assert_eq!(
            invalid,
            serde_json::json!({
                "error": "invalid", "message": "Enter an email address.", "field": "email",
            })
        );
        let retry_at = Timestamp::from_millis(5);
        let too_fast = json(TooFast { retry_at }.into());
        assert_eq!(
            (&too_fast["error"], &too_fast["retry_at"]),
            (&"too_fast".into(), &5.into())
        );
        let wrong = json(ApiError::WrongCode { attempts_left: 4 });
        assert_eq!(
            (&wrong["error"], &wrong["attempts_left"]),
            (&"wrong_code".into(), &4.into())
        );
        assert_eq!(wrong["message"], "The code is wrong. 4 tries left.");
        for absent in ["field", "retry_at"] {
            assert_eq!(wrong.get(absent), None);
        }
    }

    #[test]
    fn every_error_has_its_code_and_a_sentence() {
        use ErrorCode as Code;
        let unavailable = Unavailable { what: "database" };
        let retry_at = Timestamp::EPOCH;
        for (error, code) in [
            (ApiError::needs_longer_password(), Code::Invalid),
            (TooFast { retry_at }.into(), Code::TooFast),
            (ApiError::WrongCredentials, Code::WrongCredentials),
            (ApiError::WrongCode { attempts_left: 0 }, Code::WrongCode),
            (ApiError::WrongCode { attempts_left: 1 }, Code::WrongCode),
            (ApiError::Expired, Code::Expired),
            (ApiError::SignedOut, Code::SignedOut),
            (
                ApiError::Forbidden("Only owners may do this."),
                Code::Forbidden,
            ),
            (ApiError::NotFresh, Code::Forbidden),
            (ApiError::UnknownRoom, Code::UnknownRoom),
            (ApiError::NotFound, Code::NotFound),
            (ApiError::UnknownAction, Code::UnknownAction),
            (ApiError::TooLarge, Code::TooLarge),
            (unavailable.into(), Code::TryAgain),
            (ApiError::internal(unavailable), Code::Internal),
        ] {
            assert_eq!(error.code(), code);
            let message = error.message();
            let is_sentence = message.starts_with(char::is_uppercase) && message.ends_with('.');
            assert!(is_sentence, "{message}");
            assert_eq!(error.retry_at().is_some(), code == Code::TooFast);
        }
        let last = ApiError::WrongCode { attempts_left: 0 }.message();
        assert!(last.contains("last try"), "{last}");
        let one = ApiError::WrongCode { attempts_left: 1 }.message();
        assert!(one.contains("1 try left"), "{one}");
    }
}
