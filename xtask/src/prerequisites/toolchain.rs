//! Compilers, and the database.

use std::process::Command;

use super::{Install, Prerequisite, Source, State, is_set, on_path};
use crate::child;

pub const RUST: Prerequisite = Prerequisite {
    name: "Rust",
    purpose: "everything",
    look: || by_version("rustc", "rustc "),
    install: Install::Never,
};

/// Links everything and builds ring.
pub const C_COMPILER: Prerequisite = Prerequisite {
    name: "C compiler",
    purpose: "linking and for building ring",
    look: || by_version("cc", ""),
    install: Install::Packages(Source {
        apt: &["gcc", "libc6-dev"],
        brew: "gcc",
        otherwise: "On macOS, `xcode-select --install` brings one.",
        service: None,
    }),
};

/// Chosen by the runner.
pub const MONGODB: Prerequisite = Prerequisite {
    name: "MongoDB",
    purpose: "storing all data",
    look: || {
        let (version, place) = if is_set("MONGODB_URI") {
            (
                "external".to_owned(),
                "the server of MONGODB_URI".to_owned(),
            )
        } else if let Some(file) = on_path(&["mongod"]) {
            let version =
                child::stdout_of(Command::new(&file).arg("--version")).unwrap_or_default();
            let first = version.lines().next().unwrap_or_default();
            (
                first.trim_start_matches("db version v").to_owned(),
                file.display().to_string(),
            )
        } else {
            (
                "embedded".to_owned(),
                "MONGODB_URI is not set and no mongod is on the PATH".to_owned(),
            )
        };
        State::Present { version, place }
    },
    install: Install::Never,
};

fn by_version(program: &str, before: &str) -> State {
    match (
        on_path(&[program]),
        child::stdout_of(Command::new(program).arg("--version")),
    ) {
        (Some(file), Some(text)) => State::Present {
            version: number(text.trim_start_matches(before)),
            place: file.display().to_string(),
        },
        _ => State::Missing {
            remedy: "install it from https://rustup.rs".to_owned(),
        },
    }
}

/// The first word of `text` that looks like a version.
pub fn number(text: &str) -> String {
    text.split_whitespace()
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.'))
        .unwrap_or("installed")
        .to_owned()
}
