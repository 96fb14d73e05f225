//! Updates: replacements, modifiers such as `$set`, and pipelines.

mod array;
mod modifier;
mod parse;
mod tree;
mod upsert;

use crate::error::{Code, Failure, Outcome};
use crate::pipeline::Reshape;
use crate::query::Filter;
use crate::value::order;
use bson::{Document, RawDocumentBuf};
use modifier::Modifier;
pub(crate) use upsert::base_of as upsert_base;

/// An update, ready to be applied to documents.
#[derive(Debug, Clone)]
pub(crate) enum Update {
    /// The whole document anew, but for `_id`.
    Replacement(Document),
    /// Modifiers in the order of their paths.
    Modifiers(Vec<Modifier>, Vec<ArrayFilter>),
    Pipeline(Vec<Reshape>),
}

/// One of `arrayFilters`: which elements `$[name]` stands for.
#[derive(Debug, Clone)]
pub(crate) struct ArrayFilter {
    name: String,
    filter: Filter,
}

/// What a modifier may need to know about the document it is applied to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    /// What `$` stands for: the place of the array element that the filter found.
    pub position: Option<usize>,
    /// Whether the document is being made by an upsert.
    pub inserting: bool,
}

impl Update {
    /// The document after the update.
    ///
    /// # Errors
    /// Paths that lead nowhere, operands that do not fit, and changes of `_id`.
    pub fn apply(&self, current: &Document, circumstances: Circumstances) -> Outcome<Document> {
        let updated = match self {
            Self::Replacement(replacement) => {
                let mut updated = Document::new();
                if let Some(id) = current.get("_id") {
                    updated.insert("_id", id.clone());
                }
                for (name, value) in replacement {
                    updated.insert(name, value.clone());
                }
                updated
            }
            Self::Modifiers(modifiers, filters) => {
                let mut updated = current.clone();
                for modifier in modifiers {
                    modifier.apply(&mut updated, filters, circumstances)?;
                }
                updated
            }
            Self::Pipeline(stages) => {
                let mut updated = current.clone();
                for stage in stages {
                    updated = stage.apply(updated)?;
                }
                match (current.get("_id"), updated.contains_key("_id")) {
                    (Some(id), false) => with_id_first(id.clone(), updated),
                    _ => updated,
                }
            }
        };
        match (current.get("_id"), updated.get("_id")) {
            (Some(before), Some(after)) if order::equal(before, after) => Ok(updated),
            (None, _) => Ok(updated),
            _ => Err(Failure::new(
                Code::ImmutableField,
                "Performing an update on the path '_id' would modify the immutable field '_id'",
            )),
        }
    }

    /// Whether the update is a whole document.
    pub fn is_replacement(&self) -> bool {
        matches!(self, Self::Replacement(_))
    }

    /// The document that an upsert inserts when nothing matched.
    ///
    /// # Errors
    /// As [`Update::apply`].
    pub fn make(&self, filter: &Filter) -> Outcome<Document> {
        let mut base = upsert_base(filter)?;
        if self.is_replacement() {
            base.retain_id();
        }
        let made = self.apply(
            &base,
            Circumstances {
                position: None,
                inserting: true,
            },
        )?;
        let id = match made.get("_id") {
            Some(id) => id.clone(),
            None => bson::oid::ObjectId::new().into(),
        };
        Ok(with_id_first(id, made))
    }
}

trait RetainId {
    fn retain_id(&mut self);
}

impl RetainId for Document {
    fn retain_id(&mut self) {
        let id = self.remove("_id");
        self.clear();
        if let Some(id) = id {
            self.insert("_id", id);
        }
    }
}

fn with_id_first(id: bson::Bson, mut document: Document) -> Document {
    document.remove("_id");
    let mut ordered = Document::new();
    ordered.insert("_id", id);
    ordered.extend(document);
    ordered
}

impl ArrayFilter {
    fn selects(&self, element: &bson::Bson) -> Outcome<bool> {
        let mut wrapper = Document::new();
        wrapper.insert(&self.name, element.clone());
        let raw: RawDocumentBuf = crate::value::to_raw(&wrapper)?;
        self.filter.matches(&raw)
    }
}
