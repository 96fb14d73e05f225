//! The wasm target of the page. The package `page` installs it; this only reports it.

use std::process::Command;

use super::{Install, Prerequisite, State};
use crate::child;
use crate::workspace::Workspace;

pub const NEED: Prerequisite = Prerequisite {
    name: "wasm target",
    purpose: "the page",
    look,
    install: Install::Never,
};

fn look() -> State {
    let installed =
        child::stdout_of(Command::new("rustup").args(["target", "list", "--installed"]));
    if installed.is_some_and(|list| list.lines().any(|line| line == "wasm32-unknown-unknown")) {
        return present("rustup's wasm32-unknown-unknown");
    }
    let report = page_report().unwrap_or_default();
    let target = report
        .lines()
        .find_map(|line| line.strip_prefix("wasm target: "));
    match target {
        Some(target) => match target.strip_prefix("missing; ") {
            Some(remedy) => State::Missing {
                remedy: remedy.to_owned(),
            },
            None => present(target),
        },
        None => State::Missing {
            remedy:
                "would be installed when the page is first built; `cargo run --package page -- \
                     doctor` shows how"
                    .to_owned(),
        },
    }
}

fn present(place: &str) -> State {
    State::Present {
        version: "installed".to_owned(),
        place: place.to_owned(),
    }
}

/// Asks the package `page` if it has been built; building it for this would take minutes.
fn page_report() -> Option<String> {
    let workspace = Workspace::load().ok()?;
    let program = workspace.binaries(false).join("page");
    child::stdout_of(
        Command::new(program)
            .arg("doctor")
            .env("CARGO_MANIFEST_DIR", workspace.root.join("xtask/page")),
    )
}
