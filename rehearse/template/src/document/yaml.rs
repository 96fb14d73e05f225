//! The YAML parser.

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{Entry, Kind, Node};
use crate::diagnostics::Diagnostics;

/// Deeper than any template nests, and far from the end of the stack.
const MAX_DEPTH: usize = 64;

/// Reads the one document in `text`; what is wrong goes to `diagnostics`.
pub fn parse(text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        diagnostics,
    };
    // The reason is among the diagnostics.
    reader.document().unwrap_or_default()
}

/// Parsing was aborted. The diagnostics say why.
struct ParseAborted;

struct Reader<'a, 'f> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
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
        let (tag, kind) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.no_anchor(anchor, line);
                let null = style == ScalarStyle::Plain
                    && tag.is_none()
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let kind = if null {
                    Kind::Null
                } else {
                    Kind::Scalar(text.into_owned())
                };
                (tag, kind)
            }
            Event::SequenceStart(anchor, tag) => {
                self.no_anchor(anchor, line);
                (tag, Kind::List(self.list(depth)?))
            }
            Event::MappingStart(anchor, tag) => {
                self.no_anchor(anchor, line);
                let entries = self.map(depth)?;
                (tag, long_form(entries))
            }
            Event::Alias(_) => return self.stop(span, "an alias: CloudFormation has none"),
            _ => return self.stop(span, "a value is missing"),
        };
        Ok(self.tagged(Node { line, kind }, tag.as_deref()))
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

    fn map(&mut self, depth: usize) -> Result<Vec<Entry>, ParseAborted> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (key, line) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (Event::Scalar(text, _, _, None), span) => (text.into_owned(), span.start.line()),
                (_, span) => return self.stop(span, "a key that is not plain text"),
            };
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                let message = format!(
                    "`{key}` is a duplicate key, first used on line {}",
                    first.line
                );
                self.diagnostics.add(line, message);
            }
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            entries.push(Entry { key, line, value });
        }
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
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => node,
            Some(tag) => {
                let message = format!("the tag {tag} has no meaning in a template");
                self.diagnostics.add(line, message);
                node
            }
        }
    }

    fn no_anchor(&mut self, anchor: usize, line: usize) {
        if anchor != 0 {
            self.diagnostics
                .add(line, "an anchor: CloudFormation has no aliases");
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

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(text: &str) -> String {
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
    fn a_key_that_is_there_twice_is_refused_by_both_lines() {
        assert_eq!(
            faults_of("a: 1\nb: 2\na: 3\n"),
            "t.yaml:3: `a` is a duplicate key, first used on line 1"
        );
    }

    #[test]
    fn anchors_aliases_and_second_documents_are_refused() {
        assert!(faults_of("a: &x 1\nb: *x\n").contains("t.yaml:1: an anchor"));
        assert!(faults_of("a: 1\n---\nb: 2\n").contains("a second document"));
    }

    #[test]
    fn broken_yaml_is_refused_by_line() {
        assert!(faults_of("a: 1\nb: [1, 2\nc: 3\n").starts_with("t.yaml:"));
    }
}
