//! What the template gives to a function and what the function reads are the
//! same. A function that starts with none of its variables names every one that
//! it misses, so the functions themselves are asked.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use crate::assert_none;
use crate::lambda::run_with;
use crate::template::{functions, globals};
use crate::yaml::Node;

#[test]
#[ignore = "asks the built functions: run by `cargo xtask test`, which sets BANTER_BIN"]
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
                "template.yaml:{line}: functions/{binary} reads {name}; give it one"
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

/// Variables that may be any text.
const FREE: [&str; 4] = [
    "RABBITMQ_PASSWORD",
    "RABBITMQ_USERNAME",
    "RABBITMQ_VIRTUAL_HOST",
    "STACK_NAME",
];

#[test]
#[ignore = "asks the built functions: run by `cargo xtask test`, which sets BANTER_BIN"]
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
        let said = run_with(&folder.join(binary), &malformed);
        let message = said
            .lines()
            .find(|line| line.contains("the environment is not usable"));
        for name in own.iter().filter(|name| !FREE.contains(&name.as_str())) {
            if !message.is_some_and(|message| message.contains(&format!("{name} must "))) {
                faults.push(format!(
                    "functions/{binary}: starts with {name}=?, or does not say that it must not: \
                     {said}"
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

/// The variables that a function misses when it has none.
fn read_by(program: &Path) -> BTreeSet<String> {
    let said = run_with(program, &[]);
    let words: Vec<_> = said
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    words
        .windows(3)
        .filter(|words| words[1..] == ["is", "missing"])
        .map(|words| words[0].to_owned())
        .collect()
}
