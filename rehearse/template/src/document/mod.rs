//! The document of a template: its YAML as a tree that remembers lines.
//!
//! Intrinsic functions look the same whether they are written in the short form
//! (`!Ref A`) or the long one (`Ref: A`). Scalars stay the text that was written.

pub(crate) mod for_each;
pub(crate) mod globals;
mod yaml;

use crate::Diagnostics;

pub(crate) use yaml::parse;

/// Parses the text of `file` and expands its `Fn::ForEach` loops.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn read(file: &str, text: &str) -> Result<Node, Diagnostics> {
    let mut diagnostics = Diagnostics::of(file);
    let mut tree = parse(text, &mut diagnostics);
    if let Some(tree) = &mut tree {
        for_each::expand(tree, &mut diagnostics);
    } else if diagnostics.is_empty() {
        diagnostics.add(1, "the template is empty");
    }
    diagnostics.or(tree)
}

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

    /// Sets the line of this node and of everything in it.
    pub(crate) fn set_line(&mut self, line: usize) {
        self.line = line;
        match &mut self.kind {
            Kind::Null | Kind::Scalar(_) => {}
            Kind::List(items) => items.iter_mut().for_each(|item| item.set_line(line)),
            Kind::Map(entries) => {
                for entry in entries {
                    entry.line = line;
                    entry.value.set_line(line);
                }
            }
            Kind::Call(_, argument) => argument.set_line(line),
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
