//! Regular expressions in filters.
//!
//! MongoDB uses PCRE2. This server accepts the syntax that PCRE2 and
//! `regex-lite` interpret identically; all other syntax is rejected when the
//! pattern is parsed.

use bson::RawBsonRef;
use regex_lite::{Regex, RegexBuilder};

use crate::error::{Code, CommandError, Result};

/// A compiled pattern and its source.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    regex: Regex,
    source: String,
    options: String,
}

impl Pattern {
    pub fn new(source: &str, options: &str) -> Result<Self> {
        if options.contains('i') && !source.is_ascii() {
            return Err(CommandError::unsupported(
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
                    return Err(CommandError::new(
                        Code::Location(51108),
                        format!("invalid flag in regex options: {other}"),
                    ));
                }
            };
        }
        let regex = builder.build().map_err(|error| {
            CommandError::new(
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

    /// Whether a string matches the pattern, or a value is the same regular
    /// expression.
    pub fn matches(&self, value: RawBsonRef<'_>) -> bool {
        match value {
            RawBsonRef::String(text) | RawBsonRef::Symbol(text) => self.regex.is_match(text),
            RawBsonRef::RegularExpression(regex) => {
                regex.pattern.as_str() == self.source && regex.options.as_str() == self.options
            }
            _ => false,
        }
    }

    /// The literal prefix of an anchored pattern.
    pub fn prefix(&self) -> Option<String> {
        let rest = self.source.strip_prefix('^')?;
        if !self.options.is_empty() || rest.contains('|') {
            return None;
        }
        let plain: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | ':' | '@' | '/'))
            .collect();
        // A quantifier may make the last character optional.
        let optional = rest[plain.len()..].starts_with(['*', '?', '{']);
        let mut plain = plain;
        if optional {
            plain.pop();
        }
        (!plain.is_empty()).then_some(plain)
    }
}

/// In PCRE2, `$` also matches before a final line feed.
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
