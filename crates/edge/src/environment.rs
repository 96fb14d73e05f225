//! What is the same in every function's first moments.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::Millis;
use domain::settings::Variables;
use lambda_runtime::Error;

use crate::log;

/// The time by the system's clock.
pub fn now() -> Millis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as Millis)
}

/// Starts the log, reads the environment and makes the function's clients, which
/// then live as long as the process. A fault ends the init with one message that
/// names everything that is wrong.
pub(crate) async fn start<App: 'static>(
    start: impl AsyncFnOnce(Variables) -> anyhow::Result<App>,
) -> Result<&'static App, Error> {
    log::start();
    match start(variables()).await {
        Ok(app) => Ok(Box::leak(Box::new(app))),
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
