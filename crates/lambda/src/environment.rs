//! What is the same in every function's first moments.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use domain::Timestamp;
use env::Variables;
use lambda_runtime::Error;

use crate::invocation::Recorder;
use crate::log;

/// The time by the system's clock.
pub fn now() -> Timestamp {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(Timestamp::EPOCH, |since| Timestamp::EPOCH + since)
}

/// A function that is ready for its first event. It lives as long as the process.
pub(crate) struct Started<App> {
    /// The function's clients.
    pub(crate) app: App,
    /// What writes its lines of the log.
    pub(crate) recorder: Recorder,
}

/// Starts the log, reads the environment and makes the function's clients. A
/// fault ends the init with one message that names everything that is wrong.
pub(crate) async fn start<App: 'static>(
    start: impl AsyncFnOnce(Variables) -> anyhow::Result<App>,
) -> Result<&'static Started<App>, Error> {
    let begun = Instant::now();
    log::start();
    let mut variables = variables();
    let recorder = Recorder::from_variables(&mut variables);
    match start(variables).await {
        Ok(app) => Ok(Box::leak(Box::new(Started {
            app,
            recorder: recorder.after(begun.elapsed()),
        }))),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the function cannot start");
            Err(error.into())
        }
    }
}

/// The environment's variables, for a function that reads them with each event.
pub fn variables() -> Variables {
    Variables::new(std::env::vars())
}

/// The function's own name.
pub(crate) fn function_name() -> String {
    std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default()
}
