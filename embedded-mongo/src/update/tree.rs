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

/// What happens where an update path does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MissingPath {
    /// Missing documents are created.
    Create,
    /// Nothing is changed, also where a scalar or an array is on the path.
    Ignore,
    /// Nothing is changed; a scalar or an array on the path is an error.
    RequireViable,
}

/// Maximum number of nulls that pad an array up to an index.
const MAX_PADDING: usize = 1_500_000;

pub(super) struct PathEditor<'a> {
    pub filters: &'a [ArrayFilter],
    pub context: UpdateContext,
    /// The document before the update, on which array filters are evaluated.
    pub original: &'a Document,
    /// What happens where the path does not exist.
    pub missing: MissingPath,
    /// The concrete paths that were edited, with indexes instead of `$[]`.
    pub edited: &'a mut Vec<Vec<String>>,
    pub location: Vec<String>,
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
        self.location.push(first.clone());
        if rest.is_empty() {
            match self.edit(document.get(&first))? {
                Edit::Keep => {}
                Edit::Put(value) => {
                    document.insert(first, value);
                }
                Edit::Remove => {
                    document.remove(&first);
                }
            }
        } else {
            match document.get_mut(&first) {
                Some(inner) => self.value(inner, rest, &first)?,
                None => {
                    if let Some(created) = self.create_nested(rest)? {
                        document.insert(first, created);
                    }
                }
            }
        }
        self.location.pop();
        Ok(())
    }

    fn value(&mut self, value: &mut Bson, path: &[String], name: &str) -> Result<()> {
        match value {
            Bson::Document(document) => self.document(document, path),
            Bson::Array(items) => self.array(items, path, name),
            other => self.not_viable(path, &format!("{{{name}: {other}}}")),
        }
    }

    fn array(&mut self, items: &mut Vec<Bson>, path: &[String], name: &str) -> Result<()> {
        let (first, rest) = self.step(path)?;
        if let Some(filter) = first.strip_prefix("$[").and_then(|f| f.strip_suffix(']')) {
            for (index, item) in items.iter_mut().enumerate() {
                let original = at(self.original, &self.location, index).unwrap_or(item);
                if filter.is_empty() || self.selects(filter, original)? {
                    self.location.push(index.to_string());
                    self.element(item, rest, name)?;
                    self.location.pop();
                }
            }
            return Ok(());
        }
        let Some(index) = array_index(&first) else {
            return self.not_viable(path, &format!("{{{name}: [...]}}"));
        };
        self.location.push(first);
        if let Some(item) = items.get_mut(index) {
            self.element(item, rest, name)?;
        } else {
            let created = if rest.is_empty() {
                match self.edit(None)? {
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
        }
        self.location.pop();
        Ok(())
    }

    /// Removing an array element sets it to null.
    fn element(&mut self, item: &mut Bson, rest: &[String], name: &str) -> Result<()> {
        if !rest.is_empty() {
            return self.value(item, rest, name);
        }
        match self.edit(Some(item))? {
            Edit::Keep => {}
            Edit::Put(value) => *item = value,
            Edit::Remove => *item = Bson::Null,
        }
        Ok(())
    }

    fn edit(&mut self, current: Option<&Bson>) -> Result<Edit> {
        self.edited.push(self.location.clone());
        (self.edit)(current)
    }

    fn not_viable(&self, path: &[String], element: &str) -> Result<()> {
        let message = match self.missing {
            MissingPath::Ignore => return Ok(()),
            MissingPath::Create => {
                format!("Cannot create field '{}' in element {element}", path[0])
            }
            MissingPath::RequireViable => {
                format!(
                    "Cannot use the part ({}) to traverse the element ({element})",
                    path[0]
                )
            }
        };
        Err(CommandError::new(Code::PathNotViable, message))
    }

    /// Creates the nested documents for the rest of a path.
    fn create_nested(&mut self, path: &[String]) -> Result<Option<Bson>> {
        if self.missing != MissingPath::Create {
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

/// An element of the array at a concrete path.
fn at<'a>(document: &'a Document, path: &[String], index: usize) -> Option<&'a Bson> {
    let (first, rest) = path.split_first()?;
    let mut value = document.get(first)?;
    for part in rest {
        value = match value {
            Bson::Document(inner) => inner.get(part)?,
            Bson::Array(items) => items.get(array_index(part)?)?,
            _ => return None,
        };
    }
    match value {
        Bson::Array(items) => items.get(index),
        _ => None,
    }
}
