//! Sizes of files, and paths in them.

use std::env;

use crate::assert_none;
use crate::repository::{File, files, root, rust_files};

/// A longer file has more than one subject. Its tests do not count.
const MOST_LINES: usize = 600;
/// The same for files that contain only tests.
const MOST_LINES_OF_TESTS: usize = 1_000;

#[test]
fn no_rust_file_is_too_long() {
    assert_none(&rust_files(&[]).filter_map(too_long).collect::<Vec<_>>());
}

fn too_long(file: &File) -> Option<String> {
    let (lines, most) = match file.is_test() {
        true => (file.lines().count(), MOST_LINES_OF_TESTS),
        false => (file.lines_outside_tests().count(), MOST_LINES),
    };
    (lines > most).then(|| format!("{}:{most}: {lines} lines; split it by subject", file.path))
}

#[test]
fn a_file_that_is_too_long_is_refused() {
    let lines = |count: usize| "fn f() {}\n".repeat(count);
    let file = |path: &str, text: String| File {
        path: path.to_owned(),
        text,
    };
    let code = lines(MOST_LINES);
    let tests = format!("#[cfg(test)]\nmod tests {{}}\n{code}");
    assert_eq!(too_long(&file("src/a.rs", format!("{code}{tests}"))), None);
    assert!(too_long(&file("src/a.rs", format!("{code}\n{tests}"))).is_some());
    assert_eq!(
        too_long(&file("tests/a.rs", lines(MOST_LINES_OF_TESTS))),
        None
    );
    assert!(too_long(&file("tests/a.rs", lines(MOST_LINES_OF_TESTS + 1))).is_some());
}

/// Libraries that are used outside this repository: every public item has documentation.
const LIBRARIES: [&str; 5] = [
    "crates/chat-client",
    "crates/protocol",
    "embedded-mongo",
    "rehearse",
    "rehearse/template",
];

#[test]
fn libraries_for_others_warn_about_missing_documentation() {
    let faults: Vec<_> = LIBRARIES
        .iter()
        .map(|folder| format!("{folder}/src/lib.rs"))
        .filter_map(|path| files().iter().find(|file| file.path == path))
        .filter(|file| !file.text.contains("\n#![warn(missing_docs)]\n"))
        .map(|file| format!("{}:1: add #![warn(missing_docs)]", file.path))
        .collect();
    assert_none(&faults);
}

#[test]
fn no_file_contains_a_path_of_one_machine() {
    let mut strange = vec!["/Users/".to_owned(), "/home/".to_owned()];
    strange.push(format!("{}/", root().display()));
    if let Ok(home) = env::var("HOME") {
        strange.push(format!("{home}/"));
    }
    // Homebrew's folder on Linux, the same for every user.
    let known = "/home/linuxbrew/";
    let faults: Vec<_> = files()
        .iter()
        .filter(|file| file.path != "xtask/tests/rules/files.rs")
        .flat_map(|file| {
            let strange = &strange;
            file.lines()
                .filter(move |(_, line)| {
                    let line = line.replace(known, "");
                    strange.iter().any(|start| is_path(&line, start))
                })
                .map(move |(number, _)| {
                    format!(
                        "{}:{number}: an absolute path of one machine; make it relative to the root or \
                         to $HOME",
                        file.path
                    )
                })
        })
        .collect();
    assert_none(&faults);
}

/// Whether `line` contains a path beginning with `start`, rather than a longer path or a URL.
fn is_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-~}/".contains(before))
    })
}

#[test]
fn a_path_of_one_machine_is_recognised() {
    let home = ["/ho", "me/"].concat();
    assert!(is_path(&format!("see {home}ann/file"), &home));
    assert!(!is_path(&format!("https://example.com{home}ann"), &home));
}
