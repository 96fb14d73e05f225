//! Plain English: words and phrases that do not belong in documents, comments, logs, texts and
//! names. Each has a plain replacement.

use crate::assert_none;
use crate::repository::files;

const UNCLEAR: &[(&str, &str)] = &[
    ("whoever", "name the subject: a client that, the user who"),
    ("whomever", "name the subject"),
    ("somebody", "a user, a client, another process"),
    ("nobody", "no user, no client"),
    ("is none", "does not exist, is not one"),
    ("is away", "is unavailable"),
    ("are away", "are unavailable"),
    ("in vain", "without success, unnecessarily"),
    ("good for nothing", "invalid, unused"),
    ("made good", "corrected, retried"),
    ("hears", "receives, is notified of"),
    ("heard", "received"),
    ("told", "configured with, notified of, reported"),
    ("lately", "recently"),
    ("put aside", "delayed, moved to"),
    ("as said", "name the place"),
];

/// Files and folders that contain such words, with what contains them.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("Cargo.lock", "names of packages"),
    ("LICENSE", "its wording is fixed"),
    ("xtask/tests/rules/language.rs", "contains the list"),
];

#[test]
fn texts_are_in_plain_english() {
    let faults: Vec<_> = files()
        .iter()
        .filter(|file| {
            !EXCEPTIONS
                .iter()
                .any(|(path, _)| file.path.starts_with(path))
        })
        .flat_map(|file| {
            file.lines().filter_map(|(number, line)| {
                let (phrase, plain) = unclear(line)?;
                Some(format!(
                    "{}:{number}: \"{phrase}\" is unclear; write: {plain}",
                    file.path
                ))
            })
        })
        .collect();
    assert_none(&faults);
}

/// The first unclear phrase in a line. Parts of names count as words.
fn unclear(line: &str) -> Option<(&'static str, &'static str)> {
    let words: Vec<String> = line
        // Code of Option.
        .replace("is_none", "")
        .replace("`None`", "")
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let text = format!(" {} ", words.join(" "));
    UNCLEAR
        .iter()
        .find(|(phrase, _)| text.contains(&format!(" {phrase} ")))
        .copied()
}

#[test]
fn an_unclear_phrase_is_recognised() {
    for line in [
        "/// Whoever reads it may be gone.",
        "fn nobody_else_joins() {",
        "that host is none",
        "the value, or 0 if there is none",
        "the broker is away;",
        "// somebody's socket",
    ] {
        assert!(unclear(line).is_some(), "{line}");
    }
    for line in [
        "if value.is_none() {",
        "the value, or 0 without one",
        "the last hearing",
        "a client that reads it",
    ] {
        assert!(unclear(line).is_none(), "{line}");
    }
}
