//! Calls that are restricted to one place, or banned.

use crate::assert_none;
use crate::repository::{File, rust_files};

/// Code that runs on Lambda.
const CLOUD: &[&str] = &["functions", "crates"];

#[test]
fn only_the_lambda_crate_reads_the_environment() {
    let faults: Vec<_> = rust_files(CLOUD)
        .filter(|file| !file.is_aside() && !file.path.starts_with("crates/lambda/"))
        .flat_map(|file| {
            found(file, &["env::var", "env::vars", "env::var_os", "env!("]).map(|at| {
                format!(
                    "{at}: read configuration through env::Variables, so that all \
                     faults are reported together"
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
                .map(|at| format!("{at}: use `?`, or `expect` with the reason why it cannot fail"))
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn pure_crates_do_no_io_and_read_no_clock() {
    let faults: Vec<_> = rust_files(&["crates/chat-client", "crates/domain", "crates/protocol"])
        .filter(|file| !file.is_aside())
        .flat_map(|file| {
            found(file, &["SystemTime", "Instant::now", "async fn", "std::fs"]).map(|at| {
                format!("{at}: this crate does no I/O and reads no clock; pass the value in")
            })
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
                        "{}:{}: sleeps for a fixed time; poll the condition in a loop, or give \
                         the reason in the line above: `// Sleeps because …`",
                        file.path,
                        at + 1
                    )
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert_none(&faults);
}

/// Whether the sleep at this line polls in a loop or has a `// Sleeps because` comment. rustfmt
/// guarantees that the enclosing line is above it with less indentation.
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

/// The places outside tests that contain one of `calls`.
fn found<'a>(file: &'a File, calls: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    file.lines_outside_tests()
        .filter(|(_, line)| calls.iter().any(|call| is_call(line, call)))
        .map(|(number, _)| format!("{}:{number}", file.path))
}

/// Whether `line` calls `call`, rather than containing it in a comment, a string or a longer name.
fn is_call(line: &str, call: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices(call).any(|(at, _)| {
        call.starts_with('.')
            || !code[..at]
                .ends_with(|before: char| before.is_alphanumeric() || "_\"".contains(before))
    })
}

#[test]
fn a_banned_call_is_recognised() {
    assert!(is_call("let name = env::var(\"NAME\");", "env::var"));
    assert!(is_call("    println!(\"{line}\");", "println!("));
    assert!(is_call("value.unwrap()", ".unwrap()"));
    assert!(!is_call("// println!(\"{line}\");", "println!("));
    assert!(!is_call("eprintln!(\"{line}\");", "println!("));
    assert!(!is_call("text = \"println!(\";", "println!("));
}

#[test]
fn a_sleep_without_a_loop_or_a_reason_is_recognised() {
    let lines = |text: &'static str| text.lines().collect::<Vec<_>>();
    let plain = lines("async fn waits() {\n    pause(SECOND).await;\n}");
    assert!(!waits(&plain, 1));
    let polling = lines("fn waits() {\n    while !done() {\n        pause(SECOND);\n    }\n}");
    assert!(waits(&polling, 2));
    let reasoned =
        lines("fn waits() {\n    // Sleeps because a code expires.\n    pause(LIFE);\n}");
    assert!(waits(&reasoned, 2));
    let other = lines("fn waits() {\n    loop {\n        look();\n    }\n    pause(SECOND);\n}");
    assert!(!waits(&other, 4));
}
