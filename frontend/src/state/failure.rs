//! Requests that did not succeed, and what a person is told.

use protocol::{ErrorBody, ErrorCode};

use crate::words;

/// Why a request did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The service refused it and said why.
    Refused(ErrorBody),
    /// An answer without a reason that we know, by its status.
    Status(u16),
    /// No answer.
    Unreachable,
}

/// What is shown: beside a field, or beside the whole form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// The field's name in the request, if one is at fault.
    pub field: Option<String>,
    /// A sentence.
    pub message: String,
}

impl Failure {
    /// Whether the session is what is missing.
    pub fn is_signed_out(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.error == ErrorCode::SignedOut,
            Self::Status(status) => *status == 401,
            Self::Unreachable => false,
        }
    }

    /// The service's reason, if it gave one.
    pub fn word(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.error),
            Self::Status(_) | Self::Unreachable => None,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused(refusal) => matches!(
                refusal.error,
                ErrorCode::TryAgain | ErrorCode::TooFast | ErrorCode::Internal
            ),
            Self::Status(status) => *status == 429 || *status >= 500,
            Self::Unreachable => true,
        }
    }

    /// What to show.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Refused(refusal) => Problem {
                field: refusal.field.clone(),
                message: sentence(refusal),
            },
            Self::Status(status) => Problem::of_form(words::status(*status)),
            Self::Unreachable => Problem::of_form(words::UNREACHABLE),
        }
    }
}

impl Problem {
    /// A problem of the form as a whole.
    pub fn of_form(message: impl Into<String>) -> Self {
        Self {
            field: None,
            message: message.into(),
        }
    }

    /// A problem of one field.
    pub fn of_field(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            message: message.into(),
        }
    }

    /// The sentence, if it belongs beside `field`.
    pub fn beside(&self, field: &str) -> Option<String> {
        (self.field.as_deref() == Some(field)).then(|| self.message.clone())
    }
}

impl From<domain::Invalid> for Problem {
    fn from(invalid: domain::Invalid) -> Self {
        Self::of_field(&invalid.field, words::field_fault(&invalid.message))
    }
}

fn sentence(refusal: &ErrorBody) -> String {
    match refusal.error {
        ErrorCode::WrongCode => match refusal.attempts_left {
            Some(0) => words::CODE_SPENT.to_owned(),
            Some(left) => words::wrong_code(left),
            None => refusal.message.clone(),
        },
        ErrorCode::Expired => words::CODE_EXPIRED.to_owned(),
        ErrorCode::WrongCredentials => words::WRONG_CREDENTIALS.to_owned(),
        ErrorCode::TryAgain => words::TRY_AGAIN.to_owned(),
        ErrorCode::Invalid => words::field_fault(&refusal.message),
        _ => refusal.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(error: ErrorCode) -> ErrorBody {
        ErrorBody {
            error,
            message: "must be shorter.".into(),
            field: Some("name".into()),
            attempts_left: Some(3),
            retry_at: None,
        }
    }

    #[test]
    fn a_fault_of_a_field_is_told_beside_that_field_alone() {
        let problem = Failure::Refused(refusal(ErrorCode::Invalid)).problem();
        assert_eq!(
            problem.beside("name").as_deref(),
            Some("This must be shorter.")
        );
        assert_eq!(problem.beside("email"), None);
    }

    #[test]
    fn a_wrong_code_says_how_many_tries_are_left() {
        let problem = Failure::Refused(refusal(ErrorCode::WrongCode)).problem();
        assert!(problem.message.contains("3 tries left"), "{problem:?}");
    }

    #[test]
    fn only_what_may_pass_is_worth_another_try() {
        assert!(Failure::Unreachable.is_passing());
        assert!(Failure::Status(503).is_passing());
        assert!(!Failure::Status(413).is_passing());
        assert!(!Failure::Refused(refusal(ErrorCode::UnknownRoom)).is_passing());
    }
}
