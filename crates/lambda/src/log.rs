//! The log: one JSON object per line on standard output, which Lambda sends to
//! CloudWatch.

use tracing::level_filters::LevelFilter;
use tracing::subscriber::set_global_default;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::line::Line;

/// The workspace's crates that run in Lambda. Only these log below `WARN`.
const OURS: [&str; 31] = [
    "auth",
    "chat_client",
    "connections",
    "crypto",
    "domain",
    "email",
    "env",
    "factors",
    "fan_out",
    "lambda",
    "login",
    "mail_consumer",
    "passkeys",
    "password",
    "protocol",
    "push_consumer",
    "queue",
    "realtime",
    "register",
    "resend_otp",
    "rooms",
    "session",
    "setup",
    "store",
    "telemetry",
    "verify_otp",
    "web_push",
    "webauthn",
    "ws_connect",
    "ws_disconnect",
    "ws_message",
];

/// Libraries that log nothing. lapin logs a returned message whole, code and
/// address included, and logs an error whenever a frozen function's connection is
/// gone; `queue` logs what matters of that. webauthn_rs logs an error when a
/// user's passkey is wrong.
const SILENT: [&str; 3] = ["lapin", "webauthn_rs", "webauthn_rs_core"];

/// Starts the log at `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets from the
/// template's `LoggingConfig`.
pub(crate) fn start() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL")
        .ok()
        .and_then(|level| level.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    let filter = filter_fn(move |metadata| is_enabled(metadata, level));
    let subscriber = tracing_subscriber::registry()
        .with(filter.with_max_level_hint(level))
        .with(JsonLines);
    // It fails only where a log was started already, as in tests.
    let _ = set_global_default(subscriber);
}

fn is_enabled(metadata: &Metadata<'_>, level: LevelFilter) -> bool {
    metadata.is_event() && *metadata.level() <= level_of(metadata.target(), level)
}

/// The most verbose level that is logged of a target. Libraries are limited to
/// `WARN`, since some log what they send at lower levels.
fn level_of(target: &str, level: LevelFilter) -> LevelFilter {
    let name = target.split("::").next().unwrap_or_default();
    if SILENT.contains(&name) {
        LevelFilter::OFF
    } else if OURS.contains(&name) {
        level
    } else {
        level.min(LevelFilter::from_level(Level::WARN))
    }
}

/// Prints events. Spans are not recorded: `telemetry` has the invocation's ids.
struct JsonLines;

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::new(*event.metadata().level());
        event.record(&mut line);
        line.print();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn libraries_log_warnings_at_most_and_ours_at_the_chosen_level() {
        let debug = |target| level_of(target, LevelFilter::DEBUG);
        assert_eq!(debug("store::messages"), LevelFilter::DEBUG);
        assert_eq!(debug("ws_message"), LevelFilter::DEBUG);
        assert_eq!(debug("mongodb::cmap"), LevelFilter::WARN);
        assert_eq!(debug("storeroom"), LevelFilter::WARN);
        assert_eq!(debug("lapin::channel"), LevelFilter::OFF);
        assert_eq!(
            level_of("mongodb::cmap", LevelFilter::ERROR),
            LevelFilter::ERROR
        );
    }

    #[test]
    fn the_list_has_the_workspace_s_crates_and_functions() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut packages: Vec<String> = ["crates", "functions"]
            .iter()
            .flat_map(|folder| std::fs::read_dir(root.join(folder)).expect("a folder"))
            .map(|entry| entry.expect("an entry"))
            .filter(|entry| entry.path().join("Cargo.toml").is_file())
            .map(|entry| entry.file_name().to_string_lossy().replace('-', "_"))
            .collect();
        packages.sort();
        assert_eq!(packages, OURS);
    }
}
