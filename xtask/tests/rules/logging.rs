//! The log messages of the functions and those of docs/logging.md are the same.

use std::collections::BTreeSet;

use crate::assert_none;
use crate::repository::{files, rust_files};

/// Written by the lambda crate without a macro of tracing.
const INVOCATION: &str = "invocation";

#[test]
fn docs_logging_lists_every_log_message() {
    let document = files()
        .iter()
        .find(|file| file.path == "docs/logging.md")
        .map_or("", |file| &file.text);
    let documented = documented_messages(document);
    let mut logged = BTreeSet::from([INVOCATION.to_owned()]);
    let mut faults = Vec::new();
    for file in rust_files(&["functions", "crates"]) {
        if file.is_aside() {
            continue;
        }
        let code: String = file
            .lines_outside_tests()
            .flat_map(|(_, line)| [line, "\n"])
            .collect();
        for message in log_messages(&code) {
            match message {
                Some(message) => logged.insert(message),
                None => {
                    faults.push(format!(
                        "{}: a log message must be a literal without placeholders in lower case; \
                         variable parts are fields",
                        file.path
                    ));
                    continue;
                }
            };
        }
    }
    for message in logged.difference(&documented) {
        faults.push(format!(
            "docs/logging.md: `{message}` is missing in the table of messages"
        ));
    }
    for message in documented.difference(&logged) {
        faults.push(format!(
            "docs/logging.md: no function logs `{message}`; remove it"
        ));
    }
    assert_none(&faults);
}

/// The first cells of the table "All messages".
fn documented_messages(document: &str) -> BTreeSet<String> {
    let (_, section) = document
        .split_once("\n## All messages\n")
        .unwrap_or_default();
    let rows = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|row| row.split(" | ").next());
    rows.flat_map(|cell| cell.split("`, `"))
        .map(|name| name.trim_matches(['`', ' ']).to_owned())
        .collect()
}

/// The message of each call of a logging macro; `None` for one that is not fixed.
fn log_messages(code: &str) -> Vec<Option<String>> {
    let mut messages = Vec::new();
    for level in ["error", "warn", "info", "debug"] {
        for (_, after) in code
            .match_indices(&format!("tracing::{level}!("))
            .map(|(at, call)| code.split_at(at + call.len()))
        {
            messages.push(message(arguments(after)));
        }
    }
    messages
}

/// The text up to the parenthesis that closes the call.
fn arguments(after: &str) -> &str {
    let mut depth = 1;
    let mut is_literal = false;
    for (at, character) in after.char_indices() {
        match character {
            '"' => is_literal = !is_literal,
            '(' if !is_literal => depth += 1,
            ')' if !is_literal => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &after[..at];
        }
    }
    after
}

/// The message is the last argument, a literal.
fn message(arguments: &str) -> Option<String> {
    let arguments = arguments.trim_end().trim_end_matches(',');
    let (_, last) = arguments.strip_suffix('"')?.rsplit_once('"')?;
    let is_fixed = !last.contains('{')
        && !last
            .chars()
            .next()
            .is_some_and(|first| first.is_uppercase() && !last.starts_with("TOTP"));
    is_fixed.then(|| last.to_owned())
}

#[test]
fn a_message_that_is_not_fixed_is_recognised() {
    let code = r#"
        tracing::warn!(%error, "could not close socket");
        tracing::info!(
            sent = self.sent,
            took = format!("{:?}", took(1)),
            "batch mailed",
        );
        tracing::error!("failed: {error}");
        tracing::error!(error);
        tracing::warn!("Something happened");
    "#;
    let mut messages = log_messages(code);
    messages.sort();
    let fixed = ["batch mailed", "could not close socket"].map(|text| Some(text.to_owned()));
    assert_eq!(messages, [&[None, None, None], &fixed[..]].concat());
}
