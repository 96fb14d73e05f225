//! The files themselves.

use std::env;

use crate::assert_none;
use crate::repository::{files, root, rust_files};

/// A file of more lines has more than one subject.
const MOST_LINES: usize = 350;

#[test]
fn no_rust_file_is_longer_than_350_lines() {
    let faults: Vec<_> = rust_files(&[])
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(file, lines)| {
            format!(
                "{}:{MOST_LINES}: {lines} lines; split it by subject",
                file.path
            )
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let mut strange = vec!["/Users/".to_owned(), "/home/".to_owned()];
    strange.push(format!("{}/", root().display()));
    if let Ok(home) = env::var("HOME") {
        strange.push(format!("{home}/"));
    }
    // Where Homebrew lives on Linux, whoever uses it.
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
                        "{}:{number}: an absolute path of one machine; write it from the root or \
                         from $HOME",
                        file.path
                    )
                })
        })
        .collect();
    assert_none(&faults);
}

/// Whether a path beginning with `start` stands in `line`, rather than a longer
/// path or an address which has it in the middle.
fn is_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-~}/".contains(before))
    })
}
