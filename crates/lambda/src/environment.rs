//! The start of a function's process.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use domain::Timestamp;
use env::Variables;
use lambda_runtime::Error;

use crate::invocation::Recorder;
use crate::log;

pub fn now() -> Timestamp {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(Timestamp::EPOCH, |since| Timestamp::EPOCH + since)
}

/// A function that is ready for its first event.
pub(crate) struct Started<App> {
    pub(crate) app: App,
    pub(crate) recorder: Recorder,
}

/// Starts the log, reads the environment and creates the function's clients. The
/// result lives as long as the process.
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
            tracing::error!(error = format!("{error:#}"), "init failed");
            Err(error.into())
        }
    }
}

pub fn variables() -> Variables {
    Variables::new(std::env::vars())
}

pub(crate) fn function_name() -> String {
    std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default()
}
