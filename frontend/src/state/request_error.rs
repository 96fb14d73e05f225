//! Errors of requests, and the text shown for them.

use protocol::{ErrorBody, ErrorCode};

use crate::strings;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestError {
    Refused(ErrorBody),
    /// A response that is not the service's, by its status.
    Status(u16),
    Unreachable,
}

/// A message shown beside a field, or beside the form if `field` is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// The field's name in the request.
    pub field: Option<String>,
    pub message: String,
}

impl RequestError {
    /// Whether the request needs a session that does not exist.
    pub fn is_signed_out(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.error == ErrorCode::SignedOut,
            Self::Status(status) => *status == 401,
            Self::Unreachable => false,
        }
    }

    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.error),
            Self::Status(_) | Self::Unreachable => None,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Refused(refusal) => matches!(
                refusal.error,
                ErrorCode::TryAgain | ErrorCode::TooFast | ErrorCode::Internal
            ),
            Self::Status(status) => *status == 429 || *status >= 500,
            Self::Unreachable => true,
        }
    }

    /// The service's message as it is, or the page's own for an error without one.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Refused(refusal) => Problem {
                field: refusal.field.clone(),
                message: refusal.message.clone(),
            },
            Self::Status(status) => Problem::of_form(strings::status(*status)),
            Self::Unreachable => Problem::of_form(strings::UNREACHABLE),
        }
    }
}

impl Problem {
    pub fn of_form(message: impl Into<String>) -> Self {
        Self {
            field: None,
            message: message.into(),
        }
    }

    pub fn of_field(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            message: message.into(),
        }
    }

    /// The message, if it belongs beside `field`.
    pub fn beside(&self, field: &str) -> Option<String> {
        (self.field.as_deref() == Some(field)).then(|| self.message.clone())
    }
}

impl From<domain::ValidationError> for Problem {
    fn from(invalid: domain::ValidationError) -> Self {
        Self::of_field(&invalid.field, invalid.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(error: ErrorCode) -> ErrorBody {
        ErrorBody {
            error,
            message: "Enter at most 80 characters.".into(),
            field: Some("name".into()),
            attempts_left: Some(3),
            retry_at: None,
        }
    }

    #[test]
    fn a_message_about_a_field_is_shown_as_it_is_and_beside_that_field_only() {
        let problem = RequestError::Refused(refusal(ErrorCode::Invalid)).problem();
        assert_eq!(
            problem.beside("name").as_deref(),
            Some("Enter at most 80 characters.")
        );
        assert_eq!(problem.beside("email"), None);
    }

    #[test]
    fn only_temporary_failures_are_retried() {
        assert!(RequestError::Unreachable.is_temporary());
        assert!(RequestError::Status(503).is_temporary());
        assert!(!RequestError::Status(413).is_temporary());
        assert!(!RequestError::Refused(refusal(ErrorCode::UnknownRoom)).is_temporary());
    }
}
