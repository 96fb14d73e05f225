//! The RabbitMQ server, of which the runner starts private instances.

use std::path::PathBuf;

use super::{Install, Prerequisite, Source, State, is_set};

/// Not needed if `RABBITMQ_URL` is set.
pub const NEED: Prerequisite = Prerequisite {
    name: "RabbitMQ",
    purpose: "queueing emails",
    look,
    install: Install::Packages(Source {
        apt: &["rabbitmq-server"],
        brew: "rabbitmq",
        otherwise: "Or set RABBITMQ_URL to the address of a server.",
        service: Some("rabbitmq-server.service"),
    }),
};

/// The same places as in the runner. Debian's wrapper in `/usr/sbin` is left out: it changes the
/// user and drops the environment.
const PLACES: &[&str] = &[
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
    "/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/sbin/rabbitmq-server",
];

fn look() -> State {
    if is_set("RABBITMQ_URL") {
        return State::Present {
            version: "external".to_owned(),
            place: "the server of RABBITMQ_URL".to_owned(),
        };
    }
    let found = PLACES.iter().map(PathBuf::from).find(|file| file.is_file());
    match found {
        Some(file) => State::Present {
            version: version(&file),
            place: file.display().to_string(),
        },
        None => State::Missing {
            remedy: String::new(),
        },
    }
}

/// Read from the resolved path, because the server takes a second to print its version:
/// `…/rabbitmq_server-3.10.8/sbin/…` on Debian, `…/rabbitmq/4.1.0/sbin/…` with Homebrew.
fn version(file: &std::path::Path) -> String {
    file.canonicalize()
        .unwrap_or_default()
        .components()
        .filter_map(|part| part.as_os_str().to_str())
        .map(|part| part.trim_start_matches("rabbitmq_server-"))
        .find(|part| part.starts_with(|first: char| first.is_ascii_digit()))
        .unwrap_or("installed")
        .to_owned()
}
