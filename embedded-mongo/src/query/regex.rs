//! Regular expressions in filters.
//!
//! MongoDB uses PCRE. What is understood here is what both that and the small
//! engine below understand alike; look-around, back references and other
//! features of PCRE alone are refused when the pattern is read.

use crate::error::{Code, Failure, Outcome};
use bson::RawBsonRef;
use regex_lite::{Regex, RegexBuilder};

/// A compiled pattern with what it was made of.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    regex: Regex,
    source: String,
    options: String,
}

impl Pattern {
    /// # Errors
    /// A pattern or an option that is wrong or not understood.
    pub fn new(source: &str, options: &str) -> Outcome<Self> {
        if options.contains('i') && !source.is_ascii() {
            return Err(Failure::unsupported(
                "a case-insensitive $regex with letters beyond ASCII",
            ));
        }
        let mut builder = RegexBuilder::new(&translate(source, options.contains('m')));
        for option in options.chars() {
            match option {
                'i' => builder.case_insensitive(true),
                'm' => builder.multi_line(true),
                's' => builder.dot_matches_new_line(true),
                'x' => builder.ignore_whitespace(true),
                'u' => &mut builder,
                other => {
                    return Err(Failure::new(
                        Code::Location(51108),
                        format!("invalid flag in regex options: {other}"),
                    ));
                }
            };
        }
        let regex = builder.build().map_err(|error| {
            Failure::new(
                Code::Location(51091),
                format!(
                    "Regular expression is invalid or not supported by embedded-mongo: {error}"
                ),
            )
        })?;
        Ok(Self {
            regex,
            source: source.to_owned(),
            options: options.to_owned(),
        })
    }

    /// Whether a string contains the pattern, or a value is the same pattern.
    pub fn holds(&self, value: RawBsonRef<'_>) -> bool {
        match value {
            RawBsonRef::String(text) | RawBsonRef::Symbol(text) => self.regex.is_match(text),
            RawBsonRef::RegularExpression(regex) => {
                regex.pattern.as_str() == self.source && regex.options.as_str() == self.options
            }
            _ => false,
        }
    }

    /// The text that every matching string begins with, where the pattern is
    /// anchored to the start and says so plainly.
    pub fn prefix(&self) -> Option<String> {
        let rest = self.source.strip_prefix('^')?;
        if !self.options.is_empty() || rest.contains('|') {
            return None;
        }
        let plain: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | ':' | '@' | '/'))
            .collect();
        // What follows may make the last character optional.
        let optional = rest[plain.len()..].starts_with(['*', '?', '{']);
        let mut plain = plain;
        if optional {
            plain.pop();
        }
        (!plain.is_empty()).then_some(plain)
    }
}

/// PCRE's `$` also matches before a line feed that ends the text.
fn translate(source: &str, multi_line: bool) -> String {
    let mut out = String::with_capacity(source.len());
    let (mut escaped, mut in_class) = (false, false);
    for c in source.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '$' if !in_class && !multi_line => {
                out.push_str(r"(?:\n?\z)");
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}
