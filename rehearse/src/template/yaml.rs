//! The template's text as a tree that remembers its lines. Intrinsic functions
//! look the same in it whether they were written short (`!Ref A`) or long
//! (`Ref: A`). Nothing is guessed: scalars stay the text that was written.

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::faults::Faults;

/// A value and the line on which it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Counted from 1.
    pub line: usize,
    /// What it is.
    pub kind: Kind,
}

/// What a [`Node`] can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// Any other scalar, as it was written.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<Entry>),
    /// An intrinsic function: `Sub` with its argument, for `!Sub` and `Fn::Sub`.
    Call(String, Box<Node>),
}

/// One key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The key's line.
    pub line: usize,
    /// Its value.
    pub value: Node,
}

/// Deeper than any template nests, and far from the end of the stack.
const DEEPEST: usize = 64;

impl Node {
    /// The value of `key` if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// The entries if this is a map, else none.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items if this is a list, else none.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The text if this is a scalar.
    pub fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads the one document in `text`; what is wrong goes to `faults`.
pub fn parse(text: &str, faults: &mut Faults) -> Option<Node> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        faults,
    };
    // Why it stopped is among the faults.
    reader.document().unwrap_or_default()
}

/// Reading cannot go on; why is among the faults.
struct Stopped;

struct Reader<'a, 'f> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    faults: &'f mut Faults,
}

impl<'a> Reader<'a, '_> {
    fn document(&mut self) -> Result<Option<Node>, Stopped> {
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

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Stopped> {
        if depth > DEEPEST {
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

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Stopped> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Entry>, Stopped> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (key, line) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (Event::Scalar(text, _, _, None), span) => (text.into_owned(), span.start.line()),
                (_, span) => return self.stop(span, "a key that is not plain text"),
            };
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                let message = format!("`{key}` is here twice, first on line {}", first.line);
                self.faults.add(line, message);
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
                self.faults.add(line, message);
                node
            }
        }
    }

    fn no_anchor(&mut self, anchor: usize, line: usize) {
        if anchor != 0 {
            self.faults
                .add(line, "an anchor: CloudFormation has no aliases");
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Stopped> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                self.faults.add(error.marker().line(), error.info());
                Err(Stopped)
            }
            None => Err(Stopped),
        }
    }

    fn stop<T>(&mut self, span: Span, message: &str) -> Result<T, Stopped> {
        self.faults.add(span.start.line(), message);
        Err(Stopped)
    }
}

/// A map of one key that names a function is a call of it.
fn long_form(mut entries: Vec<Entry>) -> Kind {
    let name = match entries.as_slice() {
        [only] if only.key == "Ref" => Some("Ref".to_owned()),
        // A loop is none: it is written out where it stands.
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
        let mut faults = Faults::of("t.yaml");
        parse(text, &mut faults);
        faults.or(None::<()>).expect_err("no value").to_string()
    }

    #[test]
    fn short_and_long_forms_give_the_same_tree() {
        let mut faults = Faults::of("t.yaml");
        let short = parse("a: !Sub x-${B}\n", &mut faults).expect("a tree");
        let long = parse("a: {\"Fn::Sub\": \"x-${B}\"}\n", &mut faults).expect("a tree");
        assert_eq!(short.get("a"), long.get("a"));
        assert!(faults.is_empty(), "{faults}");
    }

    #[test]
    fn a_node_knows_its_line() {
        let mut faults = Faults::of("t.yaml");
        let tree = parse("a:\n  b: 1\n  c:\n    - x\n", &mut faults).expect("a tree");
        let list = tree.get("a").and_then(|a| a.get("c")).expect("c");
        assert_eq!(list.items()[0].line, 4);
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused_by_both_lines() {
        assert_eq!(
            faults_of("a: 1\nb: 2\na: 3\n"),
            "t.yaml:3: `a` is here twice, first on line 1"
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
