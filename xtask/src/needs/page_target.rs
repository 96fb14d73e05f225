//! The wasm target of the page. The package `page` finds or makes it; here it
//! is only looked at.

use std::process::Command;

use super::{Get, Need, State};
use crate::child;
use crate::workspace::Workspace;

/// The target's standard library.
pub const NEED: Need = Need {
    name: "wasm target",
    purpose: "the page",
    look,
    get: Get::Never,
};

fn look() -> State {
    let installed = child::ask(Command::new("rustup").args(["target", "list", "--installed"]));
    if installed.is_some_and(|list| list.lines().any(|line| line == "wasm32-unknown-unknown")) {
        return present("rustup's wasm32-unknown-unknown");
    }
    let said = asked_of_page().unwrap_or_default();
    let said = said
        .lines()
        .find_map(|line| line.strip_prefix("wasm target: "));
    match said {
        Some(said) => match said.strip_prefix("missing; ") {
            Some(remedy) => State::Missing {
                remedy: remedy.to_owned(),
            },
            None => present(said),
        },
        None => State::Missing {
            remedy: "would be seen to when the page is first built; `cargo run --package page -- \
                     doctor` says how"
                .to_owned(),
        },
    }
}

fn present(place: &str) -> State {
    State::Present {
        version: "there".to_owned(),
        place: place.to_owned(),
    }
}

/// What the package `page` says of it, if it has been built already: building
/// it only for this would take minutes.
fn asked_of_page() -> Option<String> {
    let workspace = Workspace::load().ok()?;
    let program = workspace.binaries(false).join("page");
    child::ask(
        Command::new(program)
            .arg("doctor")
            .env("CARGO_MANIFEST_DIR", workspace.root.join("xtask/page")),
    )
}
