//! What an expression of the template comes to.

use crate::application::{Part, Value};

/// A value and the line of the expression that gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// Counted from 1.
    pub line: usize,
    /// What it is.
    pub kind: DatumKind,
}

/// What a [`Datum`] can be.
#[derive(Debug, Clone, PartialEq)]
pub enum DatumKind {
    /// `!Ref AWS::NoValue`: as if the key were not there.
    Absent,
    /// Any scalar; parts of it may wait for a custom resource.
    Text(Vec<Part>),
    /// A list.
    List(Vec<Datum>),
    /// A map.
    Map(Vec<(String, Datum)>),
}

impl Datum {
    /// Plain text.
    pub fn text(line: usize, text: impl Into<String>) -> Self {
        Self {
            line,
            kind: DatumKind::Text(vec![Part::Text(text.into())]),
        }
    }

    /// Something that a custom resource will have answered.
    pub fn waiting(line: usize, part: Part) -> Self {
        Self {
            line,
            kind: DatumKind::Text(vec![part]),
        }
    }

    /// A list of plain texts.
    pub fn texts(line: usize, texts: impl IntoIterator<Item = String>) -> Self {
        let items = texts.into_iter().map(|text| Self::text(line, text));
        Self {
            line,
            kind: DatumKind::List(items.collect()),
        }
    }

    /// The text, if it is one and waits for nothing.
    pub fn known(&self) -> Option<String> {
        match &self.kind {
            DatumKind::Text(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    /// What it is, for people.
    pub fn description(&self) -> &'static str {
        match &self.kind {
            DatumKind::Absent => "AWS::NoValue",
            DatumKind::Text(parts) if parts.iter().all(|part| matches!(part, Part::Text(_))) => {
                "a text"
            }
            DatumKind::Text(_) => "a text that a custom resource will answer",
            DatumKind::List(_) => "a list",
            DatumKind::Map(_) => "a map",
        }
    }
}

/// The parts as a [`Value`], neighbouring texts joined.
pub fn value(parts: Vec<Part>) -> Value {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
            (_, part) => joined.push(part),
        }
    }
    match joined.as_slice() {
        [] => Value::Known(String::new()),
        [Part::Text(text)] => Value::Known(text.clone()),
        _ => Value::Parts(joined),
    }
}
