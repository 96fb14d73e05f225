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
        let mut builder = RegexBuilder::new(&Translation::of(source, options)?);
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
        let regex = builder.build().map_err(|error| invalid(&error))?;
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
            RawBsonRef::String(text) | RawBsonRef::Symbol(text) => self.is_match(text),
            RawBsonRef::RegularExpression(regex) => {
                regex.pattern.as_str() == self.source && regex.options.as_str() == self.options
            }
            _ => false,
        }
    }

    fn is_match(&self, text: &str) -> bool {
        // In PCRE2, a multi-line `^` does not match after a final line feed.
        if self.options.contains('m') && self.source.contains('^') && text.ends_with('\n') {
            return self
                .regex
                .find_iter(text)
                .any(|found| found.start() < text.len());
        }
        self.regex.is_match(text)
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

fn invalid(reason: impl std::fmt::Display) -> CommandError {
    CommandError::new(
        Code::Location(51091),
        format!("Regular expression is invalid or not supported by embedded-mongo: {reason}"),
    )
}

/// Translates a PCRE2 pattern into the syntax of `regex-lite`, or rejects it.
struct Translation<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    out: String,
    multi_line: bool,
    extended: bool,
    ignore_case: bool,
    /// Whether the last item was a quantifier.
    quantified: Quantified,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantified {
    No,
    Greedy,
    Lazy,
}

impl<'a> Translation<'a> {
    fn of(source: &'a str, options: &str) -> Result<String> {
        let mut translation = Self {
            chars: source.chars().peekable(),
            out: String::with_capacity(source.len()),
            multi_line: options.contains('m'),
            extended: options.contains('x'),
            ignore_case: options.contains('i'),
            quantified: Quantified::No,
        };
        while let Some(c) = translation.chars.next() {
            translation.item(c)?;
        }
        Ok(translation.out)
    }

    fn item(&mut self, c: char) -> Result<()> {
        match c {
            '*' | '+' | '?' => return self.quantifier(c),
            '{' => return self.counted_quantifier(),
            _ if self.extended && c.is_whitespace() => {
                self.out.push(c);
                return Ok(());
            }
            _ => self.quantified = Quantified::No,
        }
        match c {
            '\\' => self.escape(false)?,
            '[' => self.class()?,
            '(' => self.group()?,
            // In PCRE2, `$` also matches before a final line feed.
            '$' if !self.multi_line => self.out.push_str(r"(?:\n?\z)"),
            '#' if self.extended => return Err(invalid("comments")),
            // PCRE2 folds these letters with the Kelvin sign and the long s.
            'k' | 'K' if self.ignore_case => self.out.push_str("(?:k|\u{212a})"),
            's' | 'S' if self.ignore_case => self.out.push_str("(?:s|\u{17f})"),
            _ => self.out.push(c),
        }
        Ok(())
    }

    fn quantifier(&mut self, c: char) -> Result<()> {
        self.quantified = match (self.quantified, c) {
            (Quantified::No, _) => Quantified::Greedy,
            (Quantified::Greedy, '?') => Quantified::Lazy,
            _ => return Err(invalid("possessive and nested quantifiers")),
        };
        self.out.push(c);
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}`. PCRE2 takes other braces literally.
    fn counted_quantifier(&mut self) -> Result<()> {
        let mut bounds = String::new();
        loop {
            match self.chars.next() {
                Some('}') => break,
                Some(c) if c.is_ascii_digit() || (c == ',' && !bounds.is_empty()) => {
                    bounds.push(c);
                }
                _ => return Err(invalid("an unescaped '{' that is not a quantifier")),
            }
        }
        if bounds.is_empty() || bounds.matches(',').count() > 1 {
            return Err(invalid("an unescaped '{' that is not a quantifier"));
        }
        if self.quantified != Quantified::No {
            return Err(invalid("nested quantifiers"));
        }
        self.quantified = Quantified::Greedy;
        self.out.push('{');
        self.out.push_str(&bounds);
        self.out.push('}');
        Ok(())
    }

    fn escape(&mut self, in_class: bool) -> Result<()> {
        let Some(c) = self.chars.next() else {
            return Err(invalid("a trailing backslash"));
        };
        match c {
            // Literal in PCRE2, word boundaries in `regex-lite`.
            '<' | '>' => self.out.push(c),
            'b' | 'B' | 'A' | 'z' if in_class => {
                return Err(invalid(format_args!("'\\{c}' in a character class")));
            }
            'b' | 'B' if self.chars.peek() == Some(&'{') => {
                return Err(invalid("an unescaped '{' that is not a quantifier"));
            }
            'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'b' | 'B' | 'A' | 'z' | 'n' | 'r' | 't' | 'f'
            | 'a' | 'x' => {
                self.out.push('\\');
                self.out.push(c);
            }
            c if c.is_ascii_punctuation() => {
                self.out.push('\\');
                self.out.push(c);
            }
            _ => return Err(invalid(format_args!("the escape '\\{c}'"))),
        }
        Ok(())
    }

    fn group(&mut self) -> Result<()> {
        self.out.push('(');
        match self.chars.peek() {
            Some('*') => return Err(invalid("verbs")),
            Some('?') => {}
            _ => return Ok(()),
        }
        let rest: String = self.chars.clone().take(3).collect();
        let is_name = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        let supported = rest.starts_with("?:")
            || rest.starts_with("?P<")
            || (rest.starts_with("?<") && is_name(rest.chars().nth(2)));
        if !supported {
            return Err(invalid("look-around, inline options and special groups"));
        }
        // The question mark is not a quantifier here.
        self.out.extend(self.chars.next());
        Ok(())
    }

    fn class(&mut self) -> Result<()> {
        self.out.push('[');
        if self.chars.peek() == Some(&'^') {
            self.out.extend(self.chars.next());
        }
        let mut first = true;
        let mut previous = None;
        loop {
            let Some(c) = self.chars.next() else {
                return Err(invalid("an unterminated character class"));
            };
            let next = self.chars.peek().copied();
            match c {
                ']' if !first => {
                    self.out.push(']');
                    return Ok(());
                }
                ']' => self.out.push_str(r"\]"),
                '\\' => {
                    self.escape(true)?;
                    (previous, first) = (None, false);
                    continue;
                }
                '[' if next == Some(':') => self.posix_class()?,
                '[' => self.out.push_str(r"\["),
                '&' | '~' if next == Some(c) => return Err(invalid("class operators")),
                '-' if next == Some('-') => return Err(invalid("class operators")),
                _ if self.extended && (c.is_whitespace() || c == '#') => {
                    return Err(invalid("white space in a character class with option x"));
                }
                '-' => {
                    if let (true, Some(low), Some(high)) = (self.ignore_case, previous, next) {
                        self.fold(low, high, self.out.len() - low.len_utf8());
                    }
                    self.out.push('-');
                }
                _ => {
                    // The end of a range was folded with it.
                    if self.ignore_case && previous != Some('-') {
                        self.fold(c, c, self.out.len());
                    }
                    self.out.push(c);
                }
            }
            previous = Some(c);
            first = false;
        }
    }

    /// Adds the Kelvin sign and the long s to a class, at a position of the output, if a
    /// case-insensitive range contains k or s.
    fn fold(&mut self, low: char, high: char, position: usize) {
        let range = low..=high;
        for (letters, folded) in [(['k', 'K'], '\u{212a}'), (['s', 'S'], '\u{17f}')] {
            if letters.iter().any(|letter| range.contains(letter)) {
                self.out.insert(position, folded);
            }
        }
    }

    fn posix_class(&mut self) -> Result<()> {
        let mut name = String::from("[");
        loop {
            match self.chars.next() {
                Some(']') if name.ends_with(':') && name.len() > 2 => break,
                Some(c) if c == ':' || c == '^' || c.is_ascii_lowercase() => name.push(c),
                _ => return Err(invalid("an unterminated POSIX class")),
            }
        }
        self.out.push_str(&name);
        self.out.push(']');
        Ok(())
    }
}
