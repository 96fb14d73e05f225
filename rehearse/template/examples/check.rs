//! Checks templates: prints what is wrong with each, and what would run.
//!
//! `cargo run --package sam-template --example check -- template.yaml…`

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use sam_template::{EnvironmentFile, Inputs, RunnerValues, SecretStorage, Template};

/// Generates every secret anew.
struct Unstored;

impl SecretStorage for Unstored {
    fn get_or_generate(&self, _name: &str, generate: &mut dyn FnMut() -> String) -> String {
        generate()
    }

    fn resolved(&self, _place: &str, _properties: &str, current: &str) -> String {
        current.to_owned()
    }
}

fn main() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for file in std::env::args().skip(1) {
        let inputs = Inputs {
            parameters: &BTreeMap::new(),
            environment: &EnvironmentFile::default(),
            runner_values: &RunnerValues::placeholders(),
            values: &BTreeMap::new(),
            ignored_types: &BTreeSet::new(),
            secrets: &Unstored,
            check_code: &|_, _| Ok(()),
        };
        let outcome = Template::read(Path::new(&file)).and_then(|read| read.resolve(&inputs));
        match outcome {
            Ok(resolved) => {
                for warning in resolved.warnings {
                    println!("warning: {warning}");
                }
                let functions = resolved.application.functions.len();
                println!("{file}: {functions} functions");
            }
            Err(diagnostics) => {
                println!("{diagnostics}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
