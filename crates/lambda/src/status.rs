//! The HTTP status and the log line of an error.

use domain::ApiError;

/// The status that docs/protocol.md gives an error.
pub(crate) fn status(error: &ApiError) -> u16 {
    match error {
        ApiError::WrongCredentials | ApiError::WrongCode { .. } | ApiError::SignedOut => 401,
        ApiError::Forbidden(_) | ApiError::NotFresh => 403,
        ApiError::UnknownRoom | ApiError::NotFound | ApiError::UnknownAction => 404,
        ApiError::Expired => 410,
        ApiError::TooLarge => 413,
        ApiError::Invalid(_) => 422,
        ApiError::TooFast(_) => 429,
        ApiError::Internal(_) => 500,
        ApiError::Unavailable(_) => 503,
    }
}

/// Logs the cause of an error that the client does not see.
pub(crate) fn log_cause(error: &ApiError) {
    match error {
        ApiError::Internal(cause) => {
            tracing::error!(error = chain(cause.as_ref()), "internal error");
        }
        ApiError::Unavailable(unavailable) => {
            tracing::warn!(dependency = unavailable.what, "dependency unavailable");
        }
        _ => {}
    }
}

/// An error and its causes, joined by colons.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
