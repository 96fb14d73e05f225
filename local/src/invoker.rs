//! `Invoke` of Lambda: one payload in, one answer out, or the reason why not.

use std::time::Duration;

use bytes::Bytes;

/// Invokes functions by logical id. Cheap to clone.
#[derive(Clone)]
pub struct Invoker {}

/// Why an invocation gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The function runs as often at once as it may.
    #[error("Rate Exceeded.")]
    Throttled,
    /// The function was ended at its deadline.
    #[error("Task timed out after {:.2} seconds", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The function answered with an error, or its process ended.
    #[error("{error_type}: {message}")]
    Failed {
        /// Such as `Runtime.ExitError`.
        error_type: String,
        /// What the function said.
        message: String,
    },
    /// The request or the answer is over 6 MB.
    #[error("payload too large")]
    PayloadTooLarge,
}

impl Invoker {
    /// Invokes `function` synchronously with `payload` and gives its answer.
    pub async fn invoke(&self, function: &str, payload: Bytes) -> Result<Bytes, InvokeError> {
        let _ = (function, payload);
        Err(InvokeError::Throttled)
    }
}
