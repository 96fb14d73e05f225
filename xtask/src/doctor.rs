//! `cargo xtask doctor`: lists installed and missing prerequisites. Changes nothing.

use std::process::ExitCode;

use crate::prerequisites::{self, Prerequisite, State};
use crate::workspace;

pub fn run() -> anyhow::Result<ExitCode> {
    println!("For `dev` and `test`:");
    show(prerequisites::DEV);
    show(prerequisites::SHOWN);
    println!("\nFor `test` only:");
    show(prerequisites::BROWSER);
    show(&prerequisites::CONTRACT[1..]);
    show(prerequisites::PYTHON);
    show(prerequisites::CLOUD);
    show(&[&prerequisites::python::SCHEMATHESIS_NEED]);
    println!("\nFor `bench page` only:");
    show(&[&prerequisites::node::FIGURES]);
    println!(
        "\nDownloads and generated files are cached in {}.",
        workspace::cache()?.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn show(prerequisites: &[&Prerequisite]) {
    for each in prerequisites {
        let (state, note) = match each.state() {
            State::Present { version, place } => (version, place),
            State::Missing { remedy } => ("missing".to_owned(), each.remedy(&remedy)),
        };
        println!("  {:18} {state:12} {note}", each.name);
    }
}
