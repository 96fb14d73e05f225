//! Variables of expressions.

use std::sync::Arc;

use bson::{Bson, Document};

use crate::error::Result;
use crate::value::size::check_size;

pub(super) const SYSTEM: [&str; 4] = ["ROOT", "CURRENT", "REMOVE", "NOW"];

/// The current document and the variables in scope.
#[derive(Debug, Clone)]
pub(crate) struct Variables<'a> {
    root: &'a Document,
    defined: Vec<(Arc<str>, Option<Arc<Bson>>)>,
}

impl<'a> Variables<'a> {
    pub fn new(root: &'a Document) -> Self {
        Self {
            root,
            defined: Vec::new(),
        }
    }

    /// The same variables with another current document.
    pub fn with_root<'b>(&self, root: &'b Document) -> Variables<'b> {
        Variables {
            root,
            defined: self.defined.clone(),
        }
    }

    /// Defines a variable. Fails if its value is too large or nested too deeply.
    pub fn define(&mut self, name: &str, value: Option<Bson>) -> Result<()> {
        if let Some(value) = &value {
            check_size(value)?;
        }
        self.defined.push((name.into(), value.map(Arc::new)));
        Ok(())
    }

    /// Replaces the value of the variable that was defined last.
    pub(super) fn redefine(&mut self, value: Option<Bson>) -> Result<()> {
        if let Some(value) = &value {
            check_size(value)?;
        }
        if let Some((_, last)) = self.defined.last_mut() {
            *last = value.map(Arc::new);
        }
        Ok(())
    }

    /// The variables as literal definitions.
    pub(super) fn settled(&self) -> Vec<(String, super::Expression)> {
        use super::Expression;
        self.defined
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    Some(value) => Expression::Literal(value.as_ref().clone()),
                    None => Expression::Path("REMOVE".to_owned(), Vec::new()),
                };
                (name.to_string(), value)
            })
            .collect()
    }

    pub(super) fn resolve(&self, name: &str, path: &[String]) -> Option<Bson> {
        let defined = self
            .defined
            .iter()
            .rev()
            .find(|(known, _)| known.as_ref() == name);
        match (defined, name) {
            (Some((_, value)), _) => walk(value.as_ref()?, path),
            (None, "ROOT" | "CURRENT") => walk_document(self.root, path),
            (None, "NOW") => walk(&Bson::DateTime(crate::execution::now()), path),
            _ => None,
        }
    }
}

/// Follows a path with expression semantics: an array on the way is mapped over
/// its documents, and a numeric part is a field name.
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
                .filter(|item| matches!(item, Bson::Document(_)))
                .filter_map(|item| walk(item, path))
                .collect(),
        )),
        _ => None,
    }
}
