//! The variables that an expression sees.

use bson::{Bson, Document};

/// The variables that are always there.
pub(super) const SYSTEM: [&str; 4] = ["ROOT", "CURRENT", "REMOVE", "NOW"];

/// The document at hand, and the variables defined around an expression.
#[derive(Debug, Clone)]
pub(crate) struct Variables<'a> {
    root: &'a Document,
    defined: Vec<(String, Option<Bson>)>,
}

impl<'a> Variables<'a> {
    pub fn of(root: &'a Document) -> Self {
        Self {
            root,
            defined: Vec::new(),
        }
    }

    /// The same variables about another document.
    pub fn about<'b>(&self, root: &'b Document) -> Variables<'b> {
        Variables {
            root,
            defined: self.defined.clone(),
        }
    }

    pub fn define(&mut self, name: &str, value: Option<Bson>) {
        self.defined.push((name.to_owned(), value));
    }

    /// What was defined, as definitions for an expression that stands alone.
    pub(super) fn settled(&self) -> Vec<(String, super::Expression)> {
        use super::Expression;
        self.defined
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    Some(value) => Expression::Literal(value.clone()),
                    None => Expression::Path("REMOVE".to_owned(), Vec::new()),
                };
                (name.clone(), value)
            })
            .collect()
    }

    /// The value at the end of a path from a variable.
    pub(super) fn resolve(&self, name: &str, path: &[String]) -> Option<Bson> {
        let defined = self.defined.iter().rev().find(|(known, _)| known == name);
        match (defined, name) {
            (Some((_, value)), _) => walk(value.as_ref()?, path),
            (None, "ROOT" | "CURRENT") => walk_document(self.root, path),
            (None, "NOW") => walk(&Bson::DateTime(bson::DateTime::now()), path),
            _ => None,
        }
    }
}

/// Follows a path as expressions do: arrays on the way become arrays of what
/// their documents hold, and numbers name no places.
pub(crate) fn walk_document(document: &Document, path: &[String]) -> Option<Bson> {
    match path.split_first() {
        None => Some(Bson::Document(document.clone())),
        Some((first, rest)) => walk(document.get(first)?, rest),
    }
}

fn walk(value: &Bson, path: &[String]) -> Option<Bson> {
    if path.is_empty() {
        return Some(value.clone());
    }
    match value {
        Bson::Document(document) => walk_document(document, path),
        Bson::Array(items) => Some(Bson::Array(
            items
                .iter()
                .filter(|item| matches!(item, Bson::Document(_) | Bson::Array(_)))
                .filter_map(|item| walk(item, path))
                .collect(),
        )),
        _ => None,
    }
}
