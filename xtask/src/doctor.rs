//! `cargo xtask doctor`: what is there, what is missing, and what `dev` and
//! `test` would do about it. Changes nothing.

use std::process::ExitCode;

use crate::needs::{self, Need, State};
use crate::workspace;

/// Prints the table.
///
/// # Errors
/// If there is no place for what is fetched once.
pub fn run() -> anyhow::Result<ExitCode> {
    println!("For `dev` and `test`:");
    show(needs::DEV);
    show(needs::SHOWN);
    println!("\nFor `test` only:");
    show(needs::BROWSER);
    show(needs::PYTHON);
    show(needs::CLOUD);
    show(&[&needs::python::SCHEMATHESIS_NEED]);
    println!("\nFor `bench page` only:");
    show(&[&needs::node::FIGURES]);
    println!(
        "\nWhat is fetched or made once is kept in {}.",
        workspace::cache()?.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn show(needs: &[&Need]) {
    for need in needs {
        let (state, note) = match need.state() {
            State::Present { version, place } => (version, place),
            State::Missing { remedy } => ("missing".to_owned(), need.remedy(&remedy)),
        };
        println!("  {:18} {state:12} {note}", need.name);
    }
}
