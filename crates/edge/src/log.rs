//! The log: one JSON object a line on standard output, which Lambda hands to
//! CloudWatch.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// Starts the log at `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets from the
/// template's `LoggingConfig`. Libraries are heard from `WARN` on: some of them
/// log what they send at lower levels.
pub(crate) fn start() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL")
        .ok()
        .and_then(|level| level.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    let ours = tracing_subscriber::filter::filter_fn(move |metadata| {
        let most = if is_ours(metadata.target()) {
            level
        } else if metadata.target().starts_with("lapin") {
            // It shows all of a message that no queue takes, code and address
            // included, and calls it an error when a function that was frozen
            // finds its connection gone. What matters of that `outbox` tells.
            LevelFilter::OFF
        } else {
            level.min(LevelFilter::WARN)
        };
        *metadata.level() <= most
    });
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_filter(ours);
    // It fails only where a log was started already, as in tests.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

fn is_ours(target: &str) -> bool {
    const FOREIGN: [&str; 14] = [
        "aws_", "hyper", "lapin", "lambda_", "lettre", "mongodb", "rustls", "tokio", "tower",
        "async_", "amq_", "h2", "mio", "want",
    ];
    !FOREIGN.iter().any(|prefix| target.starts_with(prefix))
}
