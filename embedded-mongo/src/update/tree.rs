//! Applies an edit at every location that an update path denotes.

use bson::{Bson, Document};

use super::{ArrayFilter, UpdateContext};
use crate::error::{Code, CommandError, Result};
use crate::value::path::array_index;

pub(super) enum Edit {
    Keep,
    Put(Bson),
    Remove,
}

/// Maximum number of nulls that pad an array up to an index.
const MAX_PADDING: usize = 1_500_000;

pub(super) struct PathEditor<'a> {
    pub filters: &'a [ArrayFilter],
    pub context: UpdateContext,
    /// Whether missing documents on the path are created.
    pub create: bool,
    /// Called with the current value at each location.
    pub edit: &'a mut dyn FnMut(Option<&Bson>) -> Result<Edit>,
}

impl PathEditor<'_> {
    pub fn document(&mut self, document: &mut Document, path: &[String]) -> Result<()> {
        let (first, rest) = self.step(path)?;
        if first.starts_with("$[") {
            return Err(CommandError::bad_value(format!(
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
                if let Some(created) = self.create_nested(rest)? {
                    document.insert(first, created);
                }
                Ok(())
            }
        }
    }

    fn value(&mut self, value: &mut Bson, path: &[String], name: &str) -> Result<()> {
        match value {
            Bson::Document(document) => self.document(document, path),
            Bson::Array(items) => self.array(items, path, name),
            _ if !self.create => Ok(()),
            other => Err(not_viable(path, &format!("{{{name}: {other}}}"))),
        }
    }

    fn array(&mut self, items: &mut Vec<Bson>, path: &[String], name: &str) -> Result<()> {
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
        let created = if rest.is_empty() {
            match (self.edit)(None)? {
                Edit::Put(value) => Some(value),
                _ => None,
            }
        } else {
            self.create_nested(rest)?
        };
        if let Some(created) = created {
            if index - items.len() > MAX_PADDING {
                return Err(CommandError::new(
                    Code::BadValue,
                    format!("can't backfill array to larger than {MAX_PADDING} elements"),
                ));
            }
            items.resize(index, Bson::Null);
            items.push(created);
        }
        Ok(())
    }

    /// Removing an array element sets it to null.
    fn element(&mut self, item: &mut Bson, rest: &[String], name: &str) -> Result<()> {
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

    /// Creates the nested documents for the rest of a path.
    fn create_nested(&mut self, path: &[String]) -> Result<Option<Bson>> {
        if !self.create {
            return Ok(None);
        }
        let mut document = Document::new();
        self.document(&mut document, path)?;
        Ok((!document.is_empty()).then_some(Bson::Document(document)))
    }

    fn selects(&self, name: &str, item: &Bson) -> Result<bool> {
        match self.filters.iter().find(|filter| filter.name == name) {
            Some(filter) => filter.selects(item),
            None => Ok(false),
        }
    }

    fn step<'p>(&self, path: &'p [String]) -> Result<(String, &'p [String])> {
        let (first, rest) = path.split_first().expect("paths have at least one part");
        if first != "$" {
            return Ok((first.clone(), rest));
        }
        match self.context.position {
            Some(position) => Ok((position.to_string(), rest)),
            None => Err(CommandError::bad_value(
                "The positional operator did not find the match needed from the query.",
            )),
        }
    }
}

fn not_viable(path: &[String], element: &str) -> CommandError {
    CommandError::new(
        Code::PathNotViable,
        format!("Cannot create field '{}' in element {element}", path[0]),
    )
}
