//! Walking a document to the places that a modifier's path names.

use super::{ArrayFilter, Circumstances};
use crate::error::{Code, Failure, Outcome};
use crate::value::path::array_index;
use bson::{Bson, Document};

/// What becomes of a place.
pub(super) enum Edit {
    Keep,
    Put(Bson),
    Remove,
}

/// How far an array may be filled with nulls to reach a place.
const MOST_PADDING: usize = 1_500_000;

/// A walk through one document.
pub(super) struct Walk<'a> {
    pub filters: &'a [ArrayFilter],
    pub circumstances: Circumstances,
    /// Whether what is missing on the way is made.
    pub create: bool,
    /// Decides about each place; sees the value that is there.
    pub edit: &'a mut dyn FnMut(Option<&Bson>) -> Outcome<Edit>,
}

impl Walk<'_> {
    /// Goes down a path from a document.
    pub fn document(&mut self, document: &mut Document, path: &[String]) -> Outcome<()> {
        let (first, rest) = self.step(path)?;
        if first.starts_with("$[") {
            return Err(Failure::bad_value(format!(
                "Cannot apply array updates to a non-array element: {}",
                path.join(".")
            )));
        }
        if rest.is_empty() {
            match (self.edit)(document.get(&first))? {
                Edit::Keep => {}
                Edit::Put(value) => {
                    document.insert(first, value);
                }
                Edit::Remove => {
                    document.remove(&first);
                }
            }
            return Ok(());
        }
        match document.get_mut(&first) {
            Some(inner) => self.value(inner, rest, &first),
            None => {
                if let Some(made) = self.make(rest)? {
                    document.insert(first, made);
                }
                Ok(())
            }
        }
    }

    fn value(&mut self, value: &mut Bson, path: &[String], name: &str) -> Outcome<()> {
        match value {
            Bson::Document(document) => self.document(document, path),
            Bson::Array(items) => self.array(items, path, name),
            _ if !self.create => Ok(()),
            other => Err(not_viable(path, &format!("{{{name}: {other}}}"))),
        }
    }

    fn array(&mut self, items: &mut Vec<Bson>, path: &[String], name: &str) -> Outcome<()> {
        let (first, rest) = self.step(path)?;
        if let Some(filter) = first.strip_prefix("$[").and_then(|f| f.strip_suffix(']')) {
            for item in items {
                if filter.is_empty() || self.selects(filter, item)? {
                    self.element(item, rest, name)?;
                }
            }
            return Ok(());
        }
        let Some(index) = array_index(&first) else {
            if !self.create {
                return Ok(());
            }
            return Err(not_viable(path, &format!("{{{name}: [...]}}")));
        };
        if let Some(item) = items.get_mut(index) {
            return self.element(item, rest, name);
        }
        let made = if rest.is_empty() {
            match (self.edit)(None)? {
                Edit::Put(value) => Some(value),
                _ => None,
            }
        } else {
            self.make(rest)?
        };
        if let Some(made) = made {
            if index - items.len() > MOST_PADDING {
                return Err(Failure::new(
                    Code::BadValue,
                    format!("can't backfill array to larger than {MOST_PADDING} elements"),
                ));
            }
            items.resize(index, Bson::Null);
            items.push(made);
        }
        Ok(())
    }

    /// A place in an array cannot go: it becomes null.
    fn element(&mut self, item: &mut Bson, rest: &[String], name: &str) -> Outcome<()> {
        if !rest.is_empty() {
            return self.value(item, rest, name);
        }
        match (self.edit)(Some(item))? {
            Edit::Keep => {}
            Edit::Put(value) => *item = value,
            Edit::Remove => *item = Bson::Null,
        }
        Ok(())
    }

    /// The documents that a path needs where nothing is yet.
    fn make(&mut self, path: &[String]) -> Outcome<Option<Bson>> {
        if !self.create {
            return Ok(None);
        }
        let mut document = Document::new();
        self.document(&mut document, path)?;
        Ok((!document.is_empty()).then_some(Bson::Document(document)))
    }

    fn selects(&self, name: &str, item: &Bson) -> Outcome<bool> {
        match self.filters.iter().find(|filter| filter.name == name) {
            Some(filter) => filter.selects(item),
            None => Ok(false),
        }
    }

    fn step<'p>(&self, path: &'p [String]) -> Outcome<(String, &'p [String])> {
        let (first, rest) = path.split_first().expect("paths have at least one part");
        if first != "$" {
            return Ok((first.clone(), rest));
        }
        match self.circumstances.position {
            Some(position) => Ok((position.to_string(), rest)),
            None => Err(Failure::bad_value(
                "The positional operator did not find the match needed from the query.",
            )),
        }
    }
}

fn not_viable(path: &[String], element: &str) -> Failure {
    Failure::new(
        Code::PathNotViable,
        format!("Cannot create field '{}' in element {element}", path[0]),
    )
}
