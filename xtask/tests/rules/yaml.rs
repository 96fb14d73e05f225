//! `template.yaml` as a tree that knows its lines, with its loops written out.
//! The runner reads it strictly; here it is enough to find things.

use saphyr_parser::{Event, Parser, Span};

/// A value and the line where it begins. Intrinsic functions count as what
/// they are given: `!Ref Broker` is the text `Broker`, and so is `{Ref: Broker}`.
#[derive(Debug, Clone)]
pub struct Node {
    /// Counted from one.
    pub line: usize,
    /// What it is.
    pub value: Value,
}

/// What a node can be.
#[derive(Debug, Clone)]
pub enum Value {
    /// A text, as it was written.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The tree of `text`.
    pub fn parse(text: &str) -> Self {
        let mut events = Parser::new_from_str(text)
            .map(|event| event.expect("template.yaml is YAML"))
            .filter(|(event, _)| !matches!(event, Event::StreamStart | Event::DocumentStart(_)));
        let first = events.next().expect("template.yaml is not empty");
        Self::read(first, &mut events)
    }

    fn read<'t>(
        (event, span): (Event<'t>, Span),
        events: &mut dyn Iterator<Item = (Event<'t>, Span)>,
    ) -> Self {
        let value = match event {
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => {
                let mut list = Vec::new();
                while let Some(event) = unless(&Event::SequenceEnd, events) {
                    list.push(Self::read(event, events));
                }
                Value::List(list)
            }
            Event::MappingStart(..) => {
                let mut map = Vec::new();
                while let Some(event) = unless(&Event::MappingEnd, events) {
                    let key = Self::read(event, events).text().to_owned();
                    let value = events.next().expect("a key has a value");
                    map.push((key, Self::read(value, events)));
                }
                given(map)
            }
            other => panic!("template.yaml:{}: {other:?}", span.start.line()),
        };
        Self {
            line: span.start.line(),
            value,
        }
    }

    /// The text, or an empty one if it is none.
    pub fn text(&self) -> &str {
        match &self.value {
            Value::Text(text) => text,
            _ => "",
        }
    }

    /// The entries, or none if it is no map.
    pub fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(map) => map,
            _ => &[],
        }
    }

    /// The items, or none if it is no list.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(list) => list,
            _ => &[],
        }
    }

    /// The same with `item` wherever a loop's `${name}` or `!Ref name` stands.
    fn with(&self, name: &str, item: &str) -> Self {
        let value = match &self.value {
            Value::Text(text) if text == name => Value::Text(item.to_owned()),
            Value::Text(text) => Value::Text(filled(text, name, item)),
            Value::List(list) => {
                Value::List(list.iter().map(|each| each.with(name, item)).collect())
            }
            Value::Map(map) => {
                let entries = map.iter();
                let filled =
                    entries.map(|(key, node)| (filled(key, name, item), node.with(name, item)));
                Value::Map(filled.collect())
            }
        };
        Self {
            line: self.line,
            value,
        }
    }

    /// What the keys of `path`, parted by dots, lead to.
    pub fn get(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, wanted| {
            let mut entries = node.entries().iter();
            entries.find(|(key, _)| key == wanted).map(|(_, node)| node)
        })
    }

    /// This text, or the texts of this list.
    pub fn texts(&self) -> Vec<&str> {
        match &self.value {
            Value::List(list) => list.iter().map(Node::text).collect(),
            _ => vec![self.text()],
        }
    }

    /// Whether `word` stands in a key or a text anywhere below.
    pub fn mentions(&self, word: &str) -> bool {
        match &self.value {
            Value::Text(text) => text.contains(word),
            Value::List(list) => list.iter().any(|node| node.mentions(word)),
            Value::Map(map) => map
                .iter()
                .any(|(key, node)| key.contains(word) || node.mentions(word)),
        }
    }
}

/// The next event, if it is not `end`.
fn unless<'t>(
    end: &Event<'t>,
    events: &mut dyn Iterator<Item = (Event<'t>, Span)>,
) -> Option<(Event<'t>, Span)> {
    events.next().filter(|(event, _)| event != end)
}

/// What a map comes to: a call in its long form is what it is given, and loops
/// are written out.
fn given(mut map: Vec<(String, Node)>) -> Value {
    if let [(key, _)] = map.as_slice()
        && (key == "Ref" || key.starts_with("Fn::") && !key.starts_with(LOOP))
        && let Some((key, node)) = map.pop()
    {
        return match (key.as_str(), node.value) {
            ("Fn::GetAtt", Value::List(path)) => {
                let path: Vec<_> = path.iter().map(Node::text).collect();
                Value::Text(path.join("."))
            }
            (_, value) => value,
        };
    }
    let entries = map.into_iter().flat_map(|(key, node)| {
        if !key.starts_with(LOOP) {
            return vec![(key, node)];
        }
        let [name, items, fragment] = node.items() else {
            panic!("template.yaml:{}: {key} is no loop", node.line);
        };
        let each = items.texts().into_iter().flat_map(|item| {
            let written = fragment.with(name.text(), item);
            written.entries().to_vec()
        });
        each.collect()
    });
    Value::Map(entries.collect())
}

const LOOP: &str = "Fn::ForEach::";

fn filled(text: &str, name: &str, item: &str) -> String {
    text.replace(&format!("${{{name}}}"), item)
}
