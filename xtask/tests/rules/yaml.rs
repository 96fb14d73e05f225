//! `template.yaml` as the rules read it: the tree of `sam-template`, in which an
//! intrinsic function counts as its argument.

use sam_template::document::{self, Kind};

/// Intrinsic functions are replaced by their argument: `!Ref Broker` and `{Ref: Broker}` are both
/// the text `Broker`.
#[derive(Debug, Clone)]
pub struct Node {
    /// Numbered from 1.
    pub line: usize,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub enum Value {
    Text(String),
    List(Vec<Node>),
    /// In the order of the file.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The tree of `text`, its loops expanded.
    pub fn parse(text: &str) -> Self {
        let tree = document::read("template.yaml", text);
        Self::from(tree.unwrap_or_else(|diagnostics| panic!("{diagnostics}")))
    }

    /// The text, or an empty one for other values.
    pub fn text(&self) -> &str {
        match &self.value {
            Value::Text(text) => text,
            _ => "",
        }
    }

    pub fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(map) => map,
            _ => &[],
        }
    }

    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(list) => list,
            _ => &[],
        }
    }

    /// The value at a path of keys separated by dots.
    pub fn get(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, wanted| {
            let mut entries = node.entries().iter();
            entries.find(|(key, _)| key == wanted).map(|(_, node)| node)
        })
    }

    pub fn texts(&self) -> Vec<&str> {
        match &self.value {
            Value::List(list) => list.iter().map(Node::text).collect(),
            _ => vec![self.text()],
        }
    }

    /// Whether a key or a text below contains `word`.
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

impl From<document::Node> for Node {
    fn from(node: document::Node) -> Self {
        let value = match node.kind {
            Kind::Null => Value::Text(String::new()),
            Kind::Scalar(text) => Value::Text(text),
            Kind::List(items) => Value::List(items.into_iter().map(Self::from).collect()),
            Kind::Map(entries) => {
                let entries = entries.into_iter();
                Value::Map(
                    entries
                        .map(|entry| (entry.key, Self::from(entry.value)))
                        .collect(),
                )
            }
            Kind::Call(name, argument) => match (name.as_str(), Self::from(*argument).value) {
                ("GetAtt", Value::List(path)) => {
                    let path: Vec<_> = path.iter().map(Node::text).collect();
                    Value::Text(path.join("."))
                }
                (_, value) => value,
            },
        };
        Self {
            line: node.line,
            value,
        }
    }
}
