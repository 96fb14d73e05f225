//! What the template gives to a function and what the function reads are the
//! same. A function that starts with none of its variables names every one that
//! it misses, so the functions themselves are asked.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::assert_none;
use crate::template::functions;
use crate::yaml::Node;

/// A function without settings gives up in milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
#[ignore = "asks the built functions: run by `cargo xtask test`, which sets BANTER_BIN"]
fn functions_read_exactly_the_variables_that_the_template_gives_them() {
    let folder = PathBuf::from(env::var_os("BANTER_BIN").expect("BANTER_BIN is set"));
    let faults: Vec<_> = functions()
        .iter()
        .flat_map(|function| {
            let text = |path| function.node.get(path).map_or("", Node::text);
            let binary = text("Metadata.BuildProperties.Binary");
            let given: BTreeSet<String> = function
                .node
                .get("Properties.Environment.Variables")
                .map_or(&[][..], Node::entries)
                .iter()
                .map(|(name, _)| name.clone())
                .collect();
            let read = read_by(&folder.join(binary));
            let line = function.node.line;
            let missing = read.difference(&given).map(move |name| {
                format!("template.yaml:{line}: functions/{binary} reads {name}; give it one")
            });
            let unread = given.difference(&read).map(move |name| {
                format!("template.yaml:{line}: functions/{binary} does not read {name}; remove it")
            });
            missing.chain(unread).collect::<Vec<_>>()
        })
        .collect();
    assert_none(&faults);
}

/// The variables that a function misses when it has none.
fn read_by(program: &Path) -> BTreeSet<String> {
    let mut child = Command::new(program)
        .env_clear()
        // What Lambda itself sets; nobody answers at this address.
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
        .env("AWS_LAMBDA_FUNCTION_NAME", "unconfigured")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_REGION", "eu-central-1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
    let started = Instant::now();
    while child.try_wait().expect("it is our child").is_none() {
        if started.elapsed() > PATIENCE {
            child.kill().expect("it is our child");
            panic!("{} runs on without its settings", program.display());
        }
        thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("it is our child");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
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
