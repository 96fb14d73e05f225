//! Orders of documents, and the keys that put them in order.

use crate::error::{Code, Failure, Outcome};
use crate::storage::index_key::Pattern;
use crate::value::{arithmetic, to_raw};
use bson::{Bson, Document, RawDocument};

/// An order of documents.
#[derive(Debug, Clone)]
pub(crate) enum Sort {
    /// By fields.
    Fields(Pattern),
    /// By when they were inserted; true for the latest first.
    Natural(bool),
}

impl Sort {
    /// # Errors
    /// Directions other than 1 and -1, and what is not supported.
    pub fn parse(source: &Document) -> Outcome<Self> {
        if let Some(direction) = source.get("$natural") {
            if source.len() > 1 {
                return Err(Failure::bad_value(
                    "$natural sort cannot be combined with other keys",
                ));
            }
            return Ok(Self::Natural(direction_of("$natural", direction)?));
        }
        let mut fields = Vec::new();
        for (path, direction) in source {
            if path.is_empty() || path.split('.').any(str::is_empty) {
                return Err(Failure::new(
                    Code::Location(15998),
                    "FieldPath field names may not be empty strings.",
                ));
            }
            if path.starts_with('$') {
                return Err(Failure::new(
                    Code::Location(16410),
                    "FieldPath field names may not start with '$'.",
                ));
            }
            if matches!(direction, Bson::Document(_)) {
                return Err(Failure::unsupported("$meta in a sort"));
            }
            fields.push((path.clone(), direction_of(path, direction)?));
        }
        Ok(Self::Fields(Pattern::new(fields)))
    }

    /// The key by which a document sorts.
    ///
    /// # Errors
    /// Two arrays side by side.
    pub fn key(&self, document: &RawDocument) -> Outcome<Vec<u8>> {
        match self {
            Self::Natural(_) => Ok(Vec::new()),
            Self::Fields(pattern) => {
                let keys = pattern.keys(document).map_err(|_| {
                    Failure::bad_value("cannot sort with keys that are parallel arrays")
                })?;
                Ok(keys.into_keys().into_iter().next().unwrap_or_default())
            }
        }
    }

    /// The key by which an element of an array sorts, for `$push`.
    ///
    /// # Errors
    /// As [`Sort::key`].
    pub fn key_of_element(&self, element: &Bson) -> Outcome<Vec<u8>> {
        match element {
            Bson::Document(document) => self.key(&to_raw(document)?),
            _ => self.key(&to_raw(&Document::new())?),
        }
    }
}

fn direction_of(path: &str, direction: &Bson) -> Outcome<bool> {
    match arithmetic::whole(direction) {
        Some(1) => Ok(false),
        Some(-1) => Ok(true),
        _ => Err(Failure::new(
            Code::Location(15975),
            format!("$sort key ordering must be 1 (for ascending) or -1 (for descending): {path}"),
        )),
    }
}
