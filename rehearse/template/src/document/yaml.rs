//! The YAML parser.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{Entry, Kind, Node};
use crate::diagnostics::Diagnostics;

/// Deeper than any template nests, and far from the end of the stack.
const MAX_DEPTH: usize = 64;

/// The most nodes that aliases may add to a document.
const MAX_COPIES: usize = 50_000;

/// Parses the one document in `text`. Errors are added to `diagnostics`.
///
/// A flow collection whose continuation lines are not indented is invalid YAML,
/// but PyYAML, and with it SAM, reads it. Such lines are indented for a second try.
pub(crate) fn parse(text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut attempt = diagnostics.clone();
    let tree = read(text, &mut attempt);
    if attempt == *diagnostics || tree.is_some() {
        *diagnostics = attempt;
        return tree;
    }
    let mut second = diagnostics.clone();
    match read(&indented(text), &mut second) {
        Some(tree) => {
            *diagnostics = second;
            Some(tree)
        }
        None => {
            *diagnostics = attempt;
            None
        }
    }
}

fn read(text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        copies: 0,
        diagnostics,
    };
    // The reason is among the diagnostics.
    reader.document().unwrap_or_default()
}

/// `text` with the continuation lines of flow collections indented far enough.
fn indented(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut needed = 0;
    for line in text.split_inclusive('\n') {
        let own = line.len() - line.trim_start_matches(' ').len();
        if depth == 0 {
            needed = own + 1;
        } else if own < needed {
            result.extend(std::iter::repeat_n(' ', needed - own));
        }
        result.push_str(line);
        let mut quote = None;
        let mut previous = ' ';
        for c in line.chars() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '#') if previous.is_whitespace() => break,
                (None, '"' | '\'') if !previous.is_alphanumeric() => quote = Some(c),
                (None, '[' | '{') if depth > 0 || " -:".contains(previous) => depth += 1,
                (None, ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            previous = c;
        }
    }
    result
}

/// Parsing was aborted. The diagnostics say why.
struct ParseAborted;

struct Reader<'a, 'f> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    /// The nodes that aliases have added.
    copies: usize,
    diagnostics: &'f mut Diagnostics,
}

impl<'a> Reader<'a, '_> {
    fn document(&mut self) -> Result<Option<Node>, ParseAborted> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(root),
                (Event::StreamStart | Event::DocumentEnd | Event::Nothing, _) => {}
                (Event::DocumentStart(_), span) => {
                    if root.is_some() {
                        return self.stop(span, "a second document: a template is one document");
                    }
                    let (event, span) = self.next()?;
                    root = Some(self.node(event, span, 0)?);
                }
                (_, span) => return self.stop(span, "text outside of the document"),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, ParseAborted> {
        if depth > MAX_DEPTH {
            return self.stop(span, "nested too deeply");
        }
        let line = span.start.line();
        let (anchor, tag, kind) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let null = style == ScalarStyle::Plain
                    && tag.is_none()
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let kind = if null {
                    Kind::Null
                } else {
                    Kind::Scalar(text.into_owned())
                };
                (anchor, tag, kind)
            }
            Event::SequenceStart(anchor, tag) => (anchor, tag, Kind::List(self.list(depth)?)),
            Event::MappingStart(anchor, tag) => {
                let entries = self.map(depth)?;
                (anchor, tag, long_form(entries))
            }
            Event::Alias(anchor) => return self.alias(anchor, span),
            _ => return self.stop(span, "a value is missing"),
        };
        let node = self.tagged(Node { line, kind }, tag.as_deref());
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Node, ParseAborted> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return self.stop(span, "an alias inside of its own anchor");
        };
        self.copies += size(&node);
        if self.copies > MAX_COPIES {
            return self.stop(span, "the aliases expand to too much");
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, ParseAborted> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    /// The entries of a map. Of a duplicate key the last value counts, as in PyYAML, by
    /// which the SAM CLI reads templates. Two resources or parameters of one name are an
    /// error: a part of the template would be missing.
    fn map(&mut self, depth: usize) -> Result<Vec<Entry>, ParseAborted> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Entry> = Vec::new();
        loop {
            let (key, line) = match self.next()? {
                (Event::MappingEnd, _) => break,
                (Event::Scalar(text, _, _, None), span) => (text.into_owned(), span.start.line()),
                (_, span) => return self.stop(span, "a key that is not plain text"),
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if key == "<<" {
                let several = value.items().iter().chain(Some(&value));
                merged.extend(several.flat_map(|node| node.entries().iter().cloned()));
                continue;
            }
            if let Some(at) = entries.iter().position(|entry| entry.key == key) {
                let first = &entries[at];
                let duplicate = format!(
                    "`{key}` is a duplicate key, first used on line {}",
                    first.line
                );
                if is_declaration(&first.value) && is_declaration(&value) {
                    let message = format!("{duplicate}: rename or remove one");
                    self.diagnostics.add(line, message);
                    continue;
                }
                let message = format!("{duplicate}; the last value counts");
                self.diagnostics.warn(line, message);
                entries.remove(at);
            }
            entries.push(Entry { key, line, value });
        }
        for entry in merged {
            if !entries.iter().any(|own| own.key == entry.key) {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    /// `!Ref A` is a call of `Ref` with `A`; `!GetAtt A.B` one with `[A, B]`.
    fn tagged(&mut self, node: Node, tag: Option<&Tag>) -> Node {
        let line = node.line;
        match tag {
            None => node,
            Some(tag) if tag.handle == "!" => {
                let argument = Box::new(node);
                let kind = Kind::Call(tag.suffix.clone(), argument);
                Node { line, kind }
            }
            // Scalars are texts here, whatever their type.
            Some(tag) if tag.is_yaml_core_schema() => node,
            Some(tag) => {
                let message = format!("the tag {tag} has no meaning in a template");
                self.diagnostics.add(line, message);
                node
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), ParseAborted> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                self.diagnostics.add(error.marker().line(), error.info());
                Err(ParseAborted)
            }
            None => Err(ParseAborted),
        }
    }

    fn stop<T>(&mut self, span: Span, message: &str) -> Result<T, ParseAborted> {
        self.diagnostics.add(span.start.line(), message);
        Err(ParseAborted)
    }
}

/// Whether a value declares a resource or a parameter.
fn is_declaration(node: &Node) -> bool {
    node.get("Type").is_some()
}

/// A map of one key that names a function is a call of it.
fn long_form(mut entries: Vec<Entry>) -> Kind {
    let name = match entries.as_slice() {
        [only] if only.key == "Ref" => Some("Ref".to_owned()),
        // Not for loops, which are expanded later.
        [only] if only.key.starts_with("Fn::ForEach::") => None,
        [only] => only.key.strip_prefix("Fn::").map(str::to_owned),
        _ => None,
    };
    match (name, entries.pop()) {
        (Some(name), Some(only)) => Kind::Call(name, Box::new(only.value)),
        (_, last) => {
            entries.extend(last);
            Kind::Map(entries)
        }
    }
}

fn size(node: &Node) -> usize {
    let below: usize = match &node.kind {
        Kind::Null | Kind::Scalar(_) => 0,
        Kind::List(items) => items.iter().map(size).sum(),
        Kind::Map(entries) => entries.iter().map(|entry| size(&entry.value)).sum(),
        Kind::Call(_, argument) => size(argument),
    };
    below + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostics_of(text: &str) -> String {
        let mut diagnostics = Diagnostics::of("t.yaml");
        parse(text, &mut diagnostics);
        diagnostics
            .or(None::<()>)
            .expect_err("no value")
            .to_string()
    }

    #[test]
    fn short_and_long_forms_give_the_same_tree() {
        let mut diagnostics = Diagnostics::of("t.yaml");
        let short = parse("a: !Sub x-${B}\n", &mut diagnostics).expect("a tree");
        let long = parse("a: {\"Fn::Sub\": \"x-${B}\"}\n", &mut diagnostics).expect("a tree");
        assert_eq!(short.get("a"), long.get("a"));
        assert!(diagnostics.is_empty(), "{diagnostics}");
    }

    #[test]
    fn a_node_knows_its_line() {
        let mut diagnostics = Diagnostics::of("t.yaml");
        let tree = parse("a:\n  b: 1\n  c:\n    - x\n", &mut diagnostics).expect("a tree");
        let list = tree.get("a").and_then(|a| a.get("c")).expect("c");
        assert_eq!(list.items()[0].line, 4);
    }

    #[test]
    fn two_declarations_of_one_name_are_an_error_with_both_lines() {
        assert_eq!(
            diagnostics_of("a: {Type: T}\nb: {c: {Type: T},\n  c: {Type: U}}\na: {Type: T}\n"),
            "t.yaml:3: `c` is a duplicate key, first used on line 2: rename or remove one\n\
             t.yaml:4: `a` is a duplicate key, first used on line 1: rename or remove one"
        );
    }

    #[test]
    fn the_last_value_of_another_duplicate_key_counts() {
        let mut diagnostics = Diagnostics::of("t.yaml");
        let tree = parse("a: 1\nb: 2\na: 3\n", &mut diagnostics).expect("a tree");
        assert_eq!(tree.get("a").and_then(Node::scalar), Some("3"));
        assert_eq!(
            diagnostics.warnings(),
            ["t.yaml:3: `a` is a duplicate key, first used on line 1; the last value counts"]
        );
    }

    #[test]
    fn aliases_and_merge_keys_are_expanded() {
        let mut diagnostics = Diagnostics::of("t.yaml");
        let text = "base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\nsame: *b\n";
        let tree = parse(text, &mut diagnostics).expect("a tree");
        let own = tree.get("own").expect("own");
        assert_eq!(own.get("x").and_then(Node::scalar), Some("1"));
        assert_eq!(own.get("y").and_then(Node::scalar), Some("3"));
        assert_eq!(tree.get("same"), tree.get("base"));
        assert!(diagnostics.is_empty(), "{diagnostics}");
    }

    #[test]
    fn aliases_that_expand_without_bound_are_an_error() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..8 {
            let alias = format!("*a{}, ", level - 1).repeat(10);
            text.push_str(&format!("a{level}: &a{level} [{alias}]\n"));
        }
        assert!(diagnostics_of(&text).contains("the aliases expand to too much"));
    }

    #[test]
    fn a_flow_collection_may_close_at_the_indentation_of_its_key() {
        let mut diagnostics = Diagnostics::of("t.yaml");
        let text = "a:\n  b: [\n    {c: 'x]', # ]\n    d: 2\n  }]\n  e: {\n  f: 1}\n";
        let tree = parse(text, &mut diagnostics).expect("a tree");
        assert!(diagnostics.is_empty(), "{diagnostics}");
        let b = tree.get("a").and_then(|a| a.get("b")).expect("b");
        assert_eq!(b.items()[0].get("d").map(|node| node.line), Some(4));
        let e = tree.get("a").and_then(|a| a.get("e")).expect("e");
        assert_eq!(e.get("f").and_then(Node::scalar), Some("1"));
    }

    #[test]
    fn a_second_document_is_an_error() {
        assert!(diagnostics_of("a: 1\n---\nb: 2\n").contains("a second document"));
    }

    #[test]
    fn broken_yaml_is_refused_by_line() {
        assert!(diagnostics_of("a: 1\nb: [1, 2\nc: 3\n").starts_with("t.yaml:"));
    }
}
