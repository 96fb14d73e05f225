//! Calls that have one place, or none.

use crate::assert_none;
use crate::repository::{File, rust_files};

/// What runs in the cloud.
const CLOUD: &[&str] = &["functions", "crates"];

#[test]
fn only_edge_reads_the_environment() {
    let faults: Vec<_> = rust_files(CLOUD)
        .filter(|file| !file.is_aside() && !file.path.starts_with("crates/lambda/"))
        .flat_map(|file| {
            found(file, &["env::var", "env::vars", "env::var_os", "env!("]).map(|at| {
                format!(
                    "{at}: read settings through env::Variables, which edge fills \
                     once, so that all faults are told together"
                )
            })
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn functions_and_their_crates_print_nothing() {
    let faults: Vec<_> = rust_files(CLOUD)
        .filter(|file| !file.is_aside())
        .flat_map(|file| {
            found(file, &["println!(", "print!(", "dbg!("]).map(|at| {
                format!("{at}: log with tracing: printed lines have no level and no request id")
            })
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn nothing_unwraps_outside_tests() {
    let faults: Vec<_> = rust_files(&[])
        .filter(|file| !file.is_aside())
        .flat_map(|file| {
            found(file, &[".unwrap()"])
                .map(|at| format!("{at}: use `?`, or `expect` and say why it cannot fail"))
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn rules_know_no_clock_and_no_chance() {
    let faults: Vec<_> = rust_files(&["crates/chat-client", "crates/domain", "crates/protocol"])
        .filter(|file| !file.is_aside())
        .flat_map(|file| {
            found(file, &["SystemTime", "Instant::now", "async fn", "std::fs"])
                .map(|at| format!("{at}: a rule is given the time and does no I/O; pass it in"))
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn tests_wait_for_conditions_and_never_sleep() {
    let faults: Vec<_> = rust_files(&[])
        .flat_map(|file| {
            let lines: Vec<_> = file.text.lines().collect();
            let tests_begin = if file.is_test() {
                0
            } else {
                file.lines_outside_tests().count()
            };
            (tests_begin..lines.len())
                .filter(|&at| is_call(lines[at], "sleep("))
                .filter(|&at| !waits(&lines, at))
                .map(|at| {
                    format!(
                        "{}:{}: sleeps for a fixed time; look for the condition in a loop, or say \
                         in the line above why time itself is the condition: `// Sleeps because …`",
                        file.path,
                        at + 1
                    )
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert_none(&faults);
}

/// Whether the sleep at this line is the pause of a loop that looks for
/// something, or says why it is there. Lines are as rustfmt leaves them, so
/// what encloses a line is above it and indented less.
fn waits(lines: &[&str], at: usize) -> bool {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let mut innermost = indentation(lines[at]);
    for line in lines[..at].iter().rev() {
        if line.trim_start().starts_with("// Sleeps because") && indentation(line) == innermost {
            return true;
        }
        if line.trim().is_empty() || indentation(line) >= innermost {
            continue;
        }
        innermost = indentation(line);
        let line = line.trim_start();
        if line.contains("loop {") || line.contains("while ") {
            return true;
        }
        if line.contains("fn ") {
            return false;
        }
    }
    false
}

/// The places outside tests where one of `calls` stands.
fn found<'a>(file: &'a File, calls: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    file.lines_outside_tests()
        .filter(|(_, line)| calls.iter().any(|call| is_call(line, call)))
        .map(|(number, _)| format!("{}:{number}", file.path))
}

/// Whether `call` stands in the code of `line` as a word of its own, and is not
/// the beginning of a text.
fn is_call(line: &str, call: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices(call).any(|(at, _)| {
        call.starts_with('.')
            || !code[..at]
                .ends_with(|before: char| before.is_alphanumeric() || "_\"".contains(before))
    })
}
