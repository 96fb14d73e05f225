//! `Invoke` of Lambda: one payload in, one answer out, or the reason why not.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::lambda::supervisor::Supervisor;

/// The most that a synchronous invocation takes or gives: 6 MB.
pub const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

/// Invokes functions by logical id. Cheap to clone.
#[derive(Clone)]
pub struct Invoker {
    supervisor: Arc<Supervisor>,
}

/// Why an invocation gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
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
    /// The request is over 6 MB. An answer that is over 6 MB is
    /// `Function.ResponseSizeTooLarge`.
    #[error("payload too large")]
    PayloadTooLarge,
}

impl Invoker {
    /// Invokes the functions of `supervisor`.
    pub fn new(supervisor: Arc<Supervisor>) -> Self {
        Self { supervisor }
    }

    /// Invokes `function` synchronously with `payload` and gives its answer. The
    /// invocation runs to its end also if the future is dropped.
    ///
    /// # Errors
    /// The error is logged here, so callers need not log it again.
    pub async fn invoke(&self, function: &str, payload: Bytes) -> Result<Bytes, InvokeError> {
        let answer = self.supervisor.invoke(function, payload).await;
        match &answer {
            // The pool logs throttling, at a limited rate.
            Ok(_) | Err(InvokeError::Throttled) => {}
            Err(error) => tracing::warn!(function, %error, "invocation failed"),
        }
        answer
    }
}
