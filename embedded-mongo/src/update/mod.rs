//! Updates: replacements, operators such as `$set`, and pipelines.

mod array;
mod modifier;
mod parse;
mod tree;

use bson::{Bson, Document, RawBson, RawDocumentBuf};

use crate::error::{Code, CommandError, Result};
use crate::pipeline::TransformStage;
use crate::query::Filter;
use crate::query::operators::{Comparison, Predicate};
use crate::value::order;
use crate::value::path::{Path, check_depth};
use modifier::Modifier;
use tree::{Edit, MissingPath, PathEditor};

/// A parsed update.
#[derive(Debug, Clone)]
pub(crate) enum Update {
    /// Replaces the document except its `_id`.
    Replacement(Document),
    /// Operators sorted by path.
    Modifiers(Vec<Modifier>, Vec<ArrayFilter>),
    Pipeline(Vec<TransformStage>),
}

/// One of `arrayFilters`: selects the elements for `$[name]`.
#[derive(Debug, Clone)]
pub(crate) struct ArrayFilter {
    name: String,
    filter: Filter,
}

/// How an update is being applied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UpdateContext {
    /// Index of the array element that the filter matched, for `$`.
    pub position: Option<usize>,
    /// Whether the document is being inserted by an upsert.
    pub inserting: bool,
}

impl Update {
    pub fn apply(&self, current: &Document, context: UpdateContext) -> Result<Document> {
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
                apply_modifiers(current, modifiers, filters, context)?
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
            _ => Err(CommandError::new(
                Code::ImmutableField,
                "Performing an update on the path '_id' would modify the immutable field '_id'",
            )),
        }
    }

    pub fn is_replacement(&self) -> bool {
        matches!(self, Self::Replacement(_))
    }

    /// Builds the document that an upsert inserts when no document matched.
    pub fn build_upsert(&self, filter: &Filter) -> Result<Document> {
        let mut base = upsert_base(filter)?;
        if self.is_replacement() {
            base = base.into_iter().filter(|(name, _)| name == "_id").collect();
        }
        let document = self.apply(
            &base,
            UpdateContext {
                position: None,
                inserting: true,
            },
        )?;
        let id = match document.get("_id") {
            Some(id) => id.clone(),
            None => bson::oid::ObjectId::new().into(),
        };
        Ok(with_id_first(id, document))
    }
}

/// Applies operators in order. Fails if two of them edit the same location, which for
/// positional paths depends on the document.
fn apply_modifiers(
    current: &Document,
    modifiers: &[Modifier],
    filters: &[ArrayFilter],
    context: UpdateContext,
) -> Result {
    let mut updated = current.clone();
    let mut edited: Vec<Vec<String>> = Vec::new();
    for modifier in modifiers {
        let paths = modifier.apply(&mut updated, current, filters, context)?;
        if let Some(path) = paths.iter().find(|path| {
            edited
                .iter()
                .any(|other| path.starts_with(other) || other.starts_with(path))
        }) {
            return Err(CommandError::new(
                Code::ConflictingUpdateOperators,
                format!("Update created a conflict at '{}'", path.join(".")),
            ));
        }
        if modifiers.len() > 1 && modifiers.iter().any(Modifier::is_positional) {
            edited.extend(paths);
        }
    }
    Ok(updated)
}

fn with_id_first(id: Bson, mut document: Document) -> Document {
    document.remove("_id");
    let mut ordered = Document::new();
    ordered.insert("_id", id);
    ordered.extend(document);
    ordered
}

impl ArrayFilter {
    fn selects(&self, element: &Bson) -> Result<bool> {
        let mut wrapper = Document::new();
        wrapper.insert(&self.name, element.clone());
        let raw: RawDocumentBuf = crate::value::to_raw(&wrapper)?;
        self.filter.matches(&raw)
    }
}

/// Builds a document from the equality conditions of a filter.
fn upsert_base(filter: &Filter) -> Result<Document> {
    let mut equalities: Vec<(&Path, &RawBson)> = Vec::new();
    collect(filter, &mut equalities);
    let mut base = Document::new();
    for (index, (path, value)) in equalities.iter().enumerate() {
        let twice = equalities[..index].iter().any(|(other, _)| {
            other.parts().starts_with(path.parts()) || path.parts().starts_with(other.parts())
        });
        if twice {
            return Err(CommandError::new(
                Code::NotSingleValueField,
                format!(
                    "cannot infer query fields to set, path '{}' is matched twice",
                    path.dotted()
                ),
            ));
        }
        let value = crate::value::to_bson(value.as_raw_bson_ref());
        set(&mut base, path, value)?;
    }
    Ok(base)
}

fn collect<'a>(filter: &'a Filter, equalities: &mut Vec<(&'a Path, &'a RawBson)>) {
    match filter {
        Filter::And(parts) => parts.iter().for_each(|part| collect(part, equalities)),
        Filter::Or(parts) if parts.len() == 1 => collect(&parts[0], equalities),
        Filter::Field(path, Predicate::Compare(Comparison::Equal, value)) => {
            equalities.push((path, value));
        }
        Filter::Field(path, Predicate::In(choices))
            if choices.values.len() == 1 && choices.patterns.is_empty() =>
        {
            equalities.push((path, &choices.values[0]));
        }
        _ => {}
    }
}

fn set(base: &mut Document, path: &Path, value: Bson) -> Result<()> {
    check_depth(path.parts().len())?;
    PathEditor {
        filters: &[],
        context: UpdateContext {
            position: None,
            inserting: true,
        },
        original: &Document::new(),
        missing: MissingPath::Create,
        edited: &mut Vec::new(),
        location: Vec::new(),
        edit: &mut |_| Ok(Edit::Put(value.clone())),
    }
    .document(base, path.parts())
}
