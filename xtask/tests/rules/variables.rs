//! The environment variables in the template and those that the functions read are the same. A
//! function that starts without variables reports every missing one, so the binaries are run.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use crate::assert_none;
use crate::lambda::run_with;
use crate::template::{functions, globals};
use crate::yaml::Node;

#[test]
#[ignore = "runs the built functions: executed by `cargo xtask test`, which sets BANTER_BIN"]
fn functions_read_exactly_the_variables_that_the_template_gives_them() {
    let folder = PathBuf::from(env::var_os("BANTER_BIN").expect("BANTER_BIN is set"));
    let shared = names(globals("Function.Environment.Variables"));
    let mut read_by_any = BTreeSet::new();
    let mut faults = Vec::new();
    for function in functions() {
        let text = |path| function.node.get(path).map_or("", Node::text);
        let binary = text("Metadata.BuildProperties.Binary");
        let own = names(function.node.get("Properties.Environment.Variables"));
        let read = read_by(&folder.join(binary));
        let line = function.node.line;
        for name in read.difference(&own).filter(|name| !shared.contains(*name)) {
            faults.push(format!(
                "template.yaml:{line}: functions/{binary} reads {name}; add it"
            ));
        }
        for name in own.difference(&read) {
            faults.push(format!(
                "template.yaml:{line}: functions/{binary} does not read {name}; remove it"
            ));
        }
        read_by_any.extend(read);
    }
    for name in shared.difference(&read_by_any) {
        faults.push(format!(
            "template.yaml: no function reads {name} of Globals; remove it"
        ));
    }
    assert_none(&faults);
}

const FREE: [&str; 2] = ["RABBITMQ_VIRTUAL_HOST", "STACK_NAME"];

#[test]
#[ignore = "runs the built functions: executed by `cargo xtask test`, which sets BANTER_BIN"]
fn functions_name_all_malformed_variables_in_one_message() {
    let folder = PathBuf::from(env::var_os("BANTER_BIN").expect("BANTER_BIN is set"));
    let mut faults = Vec::new();
    for function in functions() {
        let binary = function.node.get("Metadata.BuildProperties.Binary");
        let binary = binary.map_or("", Node::text);
        let own = names(function.node.get("Properties.Environment.Variables"));
        let malformed: Vec<_> = own
            .iter()
            .map(|name| (name.clone(), "?".to_owned()))
            .collect();
        let output = run_with(&folder.join(binary), &malformed);
        let message = output
            .lines()
            .find(|line| line.contains("invalid environment"));
        for name in own.iter().filter(|name| !FREE.contains(&name.as_str())) {
            if !message.is_some_and(|message| message.contains(&format!("{name} must "))) {
                faults.push(format!(
                    "functions/{binary}: accepts {name}=?, or does not report it: \
                     {output}"
                ));
            }
        }
    }
    assert_none(&faults);
}

fn names(variables: Option<&Node>) -> BTreeSet<String> {
    let entries = variables.map_or(&[][..], Node::entries);
    entries.iter().map(|(name, _)| name.clone()).collect()
}

/// The variables that a function reports as missing.
fn read_by(program: &Path) -> BTreeSet<String> {
    let output = run_with(program, &[]);
    let words: Vec<_> = output
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    words
        .windows(3)
        .filter(|words| words[1..] == ["is", "missing"])
        .map(|words| words[0].to_owned())
        .collect()
}
