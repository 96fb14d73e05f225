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
    let installed = child::ask(Command::new("rustup").args(["target", "list", "--installed"]))
        .unwrap_or_default();
    if installed
        .lines()
        .any(|line| line == "wasm32-unknown-unknown")
    {
        return State::Present {
            version: "installed".to_owned(),
            place: "rustup's wasm32-unknown-unknown".to_owned(),
        };
    }
    let remedy = match asked_of_page() {
        Some(text) => text.replace('\n', "; "),
        None => "see to it when the page is first built (`cargo run -p page -- doctor` says how)"
            .to_owned(),
    };
    State::Missing { remedy }
}

/// What the package `page` says of it, if it has been built already: building
/// it only for this would take minutes.
fn asked_of_page() -> Option<String> {
    let program = Workspace::load().ok()?.binaries(false).join("page");
    child::ask(Command::new(program).arg("doctor")).filter(|text| !text.is_empty())
}
