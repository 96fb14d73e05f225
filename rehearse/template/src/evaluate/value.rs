//! The values of expressions.

use crate::application::Part;

/// A value and the line of the expression that gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Counted from 1.
    pub line: usize,
    /// What it is.
    pub kind: ValueKind,
}

/// What a [`Value`] can be.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueKind {
    /// `!Ref AWS::NoValue`: as if the key were not there.
    Absent,
    /// Any scalar. Parts of it may depend on a custom resource.
    Text(Vec<Part>),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// Plain text.
    pub fn text(line: usize, text: impl Into<String>) -> Self {
        Self {
            line,
            kind: ValueKind::Text(vec![Part::Literal(text.into())]),
        }
    }

    /// A value that a custom resource will provide.
    pub fn waiting(line: usize, part: Part) -> Self {
        Self {
            line,
            kind: ValueKind::Text(vec![part]),
        }
    }

    /// A list of plain texts.
    pub fn texts(line: usize, texts: impl IntoIterator<Item = String>) -> Self {
        let items = texts.into_iter().map(|text| Self::text(line, text));
        Self {
            line,
            kind: ValueKind::List(items.collect()),
        }
    }

    /// The text, if it is one and depends on no custom resource.
    pub fn known(&self) -> Option<String> {
        match &self.kind {
            ValueKind::Text(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Literal(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    /// A description for messages.
    pub fn description(&self) -> &'static str {
        match &self.kind {
            ValueKind::Absent => "AWS::NoValue",
            ValueKind::Text(parts) if parts.iter().all(|part| matches!(part, Part::Literal(_))) => {
                "a text"
            }
            ValueKind::Text(_) => "a text that depends on a custom resource",
            ValueKind::List(_) => "a list",
            ValueKind::Map(_) => "a map",
        }
    }
}
