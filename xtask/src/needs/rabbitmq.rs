//! RabbitMQ's server. The runner starts private instances of it.

use std::path::PathBuf;

use super::{Get, Need, Source, State, is_set};

/// The server, unless `RABBITMQ_URL` names one.
pub const NEED: Need = Need {
    name: "RabbitMQ",
    purpose: "the queue of mails",
    look,
    get: Get::Packages(Source {
        apt: &["rabbitmq-server"],
        brew: "rabbitmq",
        otherwise: "Or set RABBITMQ_URL to the address of a server.",
        service: Some("rabbitmq-server.service"),
    }),
};

/// Where the runner looks for it, too. `/usr/sbin` is not among them: Debian's
/// wrapper there changes the user and forgets the environment.
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
            version: "yours".to_owned(),
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

/// Read from the folder that the program is really in, because the server
/// itself takes a second to say its version: `…/rabbitmq_server-3.10.8/sbin/…`
/// as packaged by Debian, `…/rabbitmq/4.1.0/sbin/…` by Homebrew.
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
