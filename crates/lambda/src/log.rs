//! The log: one JSON object a line on standard output, which Lambda hands to
//! CloudWatch.

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::set_global_default;
use tracing::{Event, Metadata, Subscriber};

use crate::line::Line;

/// Prints events. Spans are not kept: what a line needs to know of its
/// invocation, `telemetry` knows.
struct Log {
    /// How much of what is ours is heard.
    ours: LevelFilter,
}

/// Starts the log at `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets from the
/// template's `LoggingConfig`.
pub(crate) fn start() {
    let ours = std::env::var("AWS_LAMBDA_LOG_LEVEL")
        .ok()
        .and_then(|level| level.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    // It fails only where a log was started already, as in tests.
    let _ = set_global_default(Log { ours });
}

impl Log {
    /// Libraries are heard from `WARN` on: some of them log what they send at
    /// lower levels.
    fn most_of(&self, target: &str) -> LevelFilter {
        if SILENT.iter().any(|prefix| target.starts_with(prefix)) {
            // lapin shows all of a message that no queue takes, code and
            // address included, and calls it an error when a function that was
            // frozen finds its connection gone. What matters of that `outbox`
            // tells. webauthn_rs logs a wrong passkey as an error.
            LevelFilter::OFF
        } else if is_ours(target) {
            self.ours
        } else {
            self.ours.min(LevelFilter::WARN)
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= self.most_of(metadata.target())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.ours)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::new(*event.metadata().level());
        event.record(&mut line);
        line.print();
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Libraries that are not heard at all.
const SILENT: [&str; 2] = ["lapin", "webauthn_rs"];

fn is_ours(target: &str) -> bool {
    const FOREIGN: [&str; 15] = [
        "aws_",
        "hyper",
        "lapin",
        "lambda_",
        "lettre",
        "mongodb",
        "rustls",
        "tokio",
        "tower",
        "async_",
        "amq_",
        "h2",
        "mio",
        "want",
        "webauthn_rs",
    ];
    !FOREIGN.iter().any(|prefix| target.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_heard_at_its_level_and_libraries_from_warnings_on() {
        let log = Log {
            ours: LevelFilter::DEBUG,
        };
        assert_eq!(log.most_of("store::messages"), LevelFilter::DEBUG);
        assert_eq!(log.most_of("mongodb::cmap"), LevelFilter::WARN);
        assert_eq!(log.most_of("lapin::channel"), LevelFilter::OFF);
        let quiet = Log {
            ours: LevelFilter::ERROR,
        };
        assert_eq!(quiet.most_of("mongodb::cmap"), LevelFilter::ERROR);
    }
}
