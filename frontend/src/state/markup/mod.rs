//! Formatting of a text: blocks of paragraphs, quotes, lists and code, and styles
//! within them. The result refers to the text; nothing of it is HTML.
//!
//! A marker without its counterpart is text. The work grows with the length of the
//! text only: at most three styles are open at once, and each marker is looked at once.

use std::collections::BTreeMap;

use super::message_text::{Mentioned, Part, parts};

#[derive(Debug, Clone, PartialEq)]
pub enum Block<'t> {
    Paragraph(Vec<Inline<'t>>),
    Quote(Vec<Inline<'t>>),
    List {
        /// The first number of an ordered list.
        first: Option<u32>,
        items: Vec<Vec<Inline<'t>>>,
    },
    Code {
        /// Empty if it is not named.
        language: &'t str,
        text: &'t str,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Inline<'t> {
    Part(Part<'t>),
    Code(&'t str),
    Styled(Style, Vec<Inline<'t>>),
    /// The end of a line of a quote.
    Break,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Bold,
    Italic,
    Struck,
}

const FENCE: &str = "```";
/// More digits are not the number of a list.
const NUMBER_DIGITS: usize = 3;

/// The blocks of a text.
pub fn blocks<'t>(text: &'t str, mentioned: &[Mentioned]) -> Vec<Block<'t>> {
    let mut reader = Reader {
        text,
        mentioned,
        last_fence: last_fence(text),
        paragraph: 0,
        blocks: Vec::new(),
    };
    let mut at = 0;
    while at < text.len() {
        at = reader.line(at);
    }
    reader.end_paragraph(text.len());
    reader.blocks
}

/// A text without its markers, for where it is not formatted.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    for block in blocks(text, &[]) {
        if !plain.is_empty() {
            plain.push('\n');
        }
        match block {
            Block::Paragraph(content) | Block::Quote(content) => write_plain(&content, &mut plain),
            Block::Code { text, .. } => plain.push_str(text),
            Block::List { items, .. } => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        plain.push('\n');
                    }
                    write_plain(item, &mut plain);
                }
            }
        }
    }
    plain
}

fn write_plain(content: &[Inline<'_>], to: &mut String) {
    for each in content {
        match each {
            Inline::Part(
                Part::Text(text) | Part::Link { text, .. } | Part::Mention { text, .. },
            )
            | Inline::Code(text) => to.push_str(text),
            Inline::Styled(_, content) => write_plain(content, to),
            Inline::Break => to.push('\n'),
        }
    }
}

struct Reader<'t, 'm> {
    text: &'t str,
    mentioned: &'m [Mentioned],
    /// The last line that closes code: code that begins there or later is not closed.
    last_fence: usize,
    /// Where the paragraph begins that is not in `blocks` yet.
    paragraph: usize,
    blocks: Vec<Block<'t>>,
}

impl<'t> Reader<'t, '_> {
    /// Reads the line that begins at `at`, and what belongs to it. Returns where the
    /// next one begins.
    fn line(&mut self, at: usize) -> usize {
        let (line, next) = line_at(self.text, at);
        if let Some((language, text, end)) = self.code(at, line) {
            self.end_paragraph(at);
            self.blocks.push(Block::Code { language, text });
            self.paragraph = end;
            return end;
        }
        if let Some(quoted) = quoted(line) {
            let continues = self.end_paragraph(at);
            let content = self.content(quoted);
            match self.blocks.last_mut() {
                Some(Block::Quote(before)) if continues => {
                    before.push(Inline::Break);
                    before.extend(content);
                }
                _ => self.blocks.push(Block::Quote(content)),
            }
            self.paragraph = next;
        } else if let Some((number, item)) = list_item(line) {
            let continues = self.end_paragraph(at);
            let content = self.content(item);
            match self.blocks.last_mut() {
                Some(Block::List { first, items })
                    if continues && first.is_some() == number.is_some() =>
                {
                    items.push(content);
                }
                _ => self.blocks.push(Block::List {
                    first: number,
                    items: vec![content],
                }),
            }
            self.paragraph = next;
        }
        next
    }

    /// Code that begins with the line at `at`: its language, its text and its end.
    fn code(&self, at: usize, line: &'t str) -> Option<(&'t str, &'t str, usize)> {
        let opened = line.strip_prefix(FENCE)?;
        if let Some(text) = opened.strip_suffix(FENCE) {
            let end = line_at(self.text, at).1;
            return (!text.trim().is_empty()).then_some(("", text, end));
        }
        let language = opened.trim();
        let is_language = !language.contains(|each: char| each.is_whitespace() || each == '`');
        if !is_language {
            return None;
        }
        let from = line_at(self.text, at).1;
        let mut end = from;
        while at < self.last_fence && end <= self.last_fence {
            let (line, next) = line_at(self.text, end);
            if let Some(rest) = line.trim_end().strip_suffix(FENCE) {
                let to = end + rest.len();
                let text = self.text[from..to].trim_end_matches('\n');
                return (!text.is_empty()).then_some((language, text, next));
            }
            end = next;
        }
        None
    }

    /// Ends the paragraph at `at`. Returns whether nothing is between the block before
    /// it and `at`, not even an empty line.
    fn end_paragraph(&mut self, at: usize) -> bool {
        let begun = std::mem::replace(&mut self.paragraph, at);
        let text = self.text[begun..at].trim_matches('\n');
        if !text.is_empty() {
            let content = self.content(text);
            self.blocks.push(Block::Paragraph(content));
        }
        begun == at
    }

    fn content(&self, text: &'t str) -> Vec<Inline<'t>> {
        inline(text, self.mentioned)
    }
}

/// Where the last line begins that ends with a fence.
fn last_fence(text: &str) -> usize {
    let (mut at, mut last) = (0, 0);
    while at < text.len() {
        let (line, next) = line_at(text, at);
        if line.trim_end().ends_with(FENCE) {
            last = at;
        }
        at = next;
    }
    last
}

/// The line at `at` without its end, and where the next one begins.
fn line_at(text: &str, at: usize) -> (&str, usize) {
    match text[at..].find('\n') {
        Some(length) => (&text[at..at + length], at + length + 1),
        None => (&text[at..], text.len()),
    }
}

fn quoted(line: &str) -> Option<&str> {
    line.strip_prefix("> ")
        .or_else(|| (line == ">").then_some(""))
}

/// The number of an item of an ordered list, and the item.
fn list_item(line: &str) -> Option<(Option<u32>, &str)> {
    let line = line.trim_start_matches(' ');
    for bullet in ["- ", "* ", "• "] {
        if let Some(item) = line.strip_prefix(bullet) {
            return (!item.trim().is_empty()).then_some((None, item));
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let item = line[digits..].strip_prefix(". ")?;
    let is_item = (1..=NUMBER_DIGITS).contains(&digits) && !item.trim().is_empty();
    Some((Some(line[..digits].parse().ok()?), item)).filter(|_| is_item)
}

/// A style that was opened, and what it contains so far.
struct Open<'t> {
    style: Style,
    marker: &'t str,
    content: Vec<Inline<'t>>,
}

struct Styles<'t> {
    open: Vec<Open<'t>>,
    content: Vec<Inline<'t>>,
}

/// The content of a paragraph or of a line.
pub fn inline<'t>(text: &'t str, mentioned: &[Mentioned]) -> Vec<Inline<'t>> {
    let mut atoms = Vec::new();
    let mut done = 0;
    for (start, end, code) in code_spans(text) {
        atoms.extend(
            parts(&text[done..start], mentioned)
                .into_iter()
                .map(Inline::Part),
        );
        atoms.push(Inline::Code(code));
        done = end;
    }
    atoms.extend(
        parts(&text[done..], mentioned)
            .into_iter()
            .map(Inline::Part),
    );
    let mut styles = Styles {
        open: Vec::new(),
        content: Vec::new(),
    };
    let last = atoms.len().saturating_sub(1);
    for (index, atom) in atoms.into_iter().enumerate() {
        match atom {
            Inline::Part(Part::Text(text)) => {
                // Beside a link, a mention or code a marker is as beside a sign.
                let before = if index == 0 { ' ' } else { '.' };
                let after = if index == last { ' ' } else { '.' };
                styles.read(text, before, after);
            }
            other => styles.add(other),
        }
    }
    styles.end()
}

impl<'t> Styles<'t> {
    fn add(&mut self, inline: Inline<'t>) {
        match self.open.last_mut() {
            Some(open) => open.content.push(inline),
            None => self.content.push(inline),
        }
    }

    fn add_text(&mut self, text: &'t str) {
        if !text.is_empty() {
            self.add(Inline::Part(Part::Text(text)));
        }
    }

    /// Reads a text between two characters.
    fn read(&mut self, text: &'t str, before: char, after: char) {
        let mut done = 0;
        let mut at = 0;
        while let Some(found) = text[at..].find(['*', '_', '~']) {
            let start = at + found;
            let sign = text[start..].chars().next().unwrap_or_default();
            let rest = &text[start..];
            let length = rest.len() - rest.trim_start_matches(sign).len();
            at = start + length;
            let previous = text[..start].chars().next_back().unwrap_or(before);
            let next = text[at..].chars().next().unwrap_or(after);
            let is_marker = previous != '\\'
                && match sign {
                    '*' => length <= 3,
                    '_' => length == 1,
                    _ => length == 2,
                };
            if !is_marker {
                continue;
            }
            self.add_text(&text[done..start]);
            let used = self.marker(&text[start..at], previous, next);
            done = start + used;
        }
        self.add_text(&text[done..]);
    }

    /// Closes or opens styles. Returns how many bytes of the marker were used.
    fn marker(&mut self, marker: &'t str, previous: char, next: char) -> usize {
        let is_word = |each: char| match marker.starts_with('_') {
            true => each.is_alphanumeric(),
            false => each.is_ascii_alphanumeric(),
        };
        let closes = !previous.is_whitespace() && !is_word(next);
        let opens = !next.is_whitespace() && !is_word(previous);
        let mut used = 0;
        while closes && let Some(length) = self.close(&marker[used..]) {
            used += length;
        }
        while opens && let Some((style, length)) = self.style_of(&marker[used..]) {
            self.open.push(Open {
                style,
                marker: &marker[used..used + length],
                content: Vec::new(),
            });
            used += length;
        }
        used
    }

    /// The style that a marker opens, if it is not open, and the bytes of its marker.
    fn style_of(&self, marker: &str) -> Option<(Style, usize)> {
        let is_open = |style| self.open.iter().any(|open| open.style == style);
        let (style, length) = match marker {
            "" => return None,
            "~~" => (Style::Struck, 2),
            "**" => (Style::Bold, 2),
            "***" if !is_open(Style::Bold) => (Style::Bold, 2),
            _ => (Style::Italic, 1),
        };
        (!is_open(style)).then_some((style, length))
    }

    /// Closes the innermost style with this marker. Styles within it that are not
    /// closed are text. Returns the bytes of its marker.
    fn close(&mut self, marker: &str) -> Option<usize> {
        // `***` closes both `*` and `**`.
        let is_closed = |open: &Open<'_>| {
            open.marker == marker || marker == "***" && marker.starts_with(open.marker)
        };
        let place = self.open.iter().rposition(is_closed)?;
        if self.open.len() == place + 1 && self.open[place].content.is_empty() {
            return None;
        }
        while self.open.len() > place + 1 {
            self.collapse();
        }
        let closed = self.open.pop()?;
        let length = closed.marker.len();
        self.add(Inline::Styled(closed.style, closed.content));
        Some(length)
    }

    /// Makes the innermost style text.
    fn collapse(&mut self) {
        if let Some(open) = self.open.pop() {
            self.add_text(open.marker);
            for each in open.content {
                self.add(each);
            }
        }
    }

    fn end(mut self) -> Vec<Inline<'t>> {
        while !self.open.is_empty() {
            self.collapse();
        }
        self.content
    }
}

/// Spans of code: where each begins and ends with its backticks, and the code. It is
/// closed by as many backticks as it is opened with, in the same line.
fn code_spans(text: &str) -> Vec<(usize, usize, &str)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in text.match_indices('`') {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == at => *length += 1,
            _ => runs.push((at, 1)),
        }
    }
    // The next run of the same length, for each.
    let mut next_of_length = BTreeMap::new();
    let mut next = vec![None; runs.len()];
    for (index, (_, length)) in runs.iter().enumerate().rev() {
        next[index] = next_of_length.insert(*length, index);
    }
    let mut spans = Vec::new();
    let mut index = 0;
    while let Some((start, length)) = runs.get(index) {
        let closed = next[index].and_then(|other: usize| {
            let code = &text[start + length..runs[other].0];
            let is_code = !code.trim().is_empty() && !code.contains('\n');
            is_code.then_some((code, other))
        });
        index += 1;
        if let Some((code, other)) = closed {
            let inner = code
                .strip_prefix(' ')
                .and_then(|code| code.strip_suffix(' '));
            spans.push((*start, runs[other].0 + length, inner.unwrap_or(code)));
            index = other + 1;
        }
    }
    spans
}

#[cfg(test)]
mod tests;
