//! Sort specifications and sort keys.

use bson::{Bson, Document, RawDocument};

use crate::error::{Code, CommandError, Result};
use crate::storage::index_key::Pattern;
use crate::value::{arithmetic, to_raw};

/// A parsed sort specification.
#[derive(Debug, Clone)]
pub(crate) enum Sort {
    Fields(Pattern),
    /// Insertion order; true for newest first.
    Natural(bool),
}

impl Sort {
    pub fn parse(source: &Document) -> Result<Self> {
        if let Some(direction) = source.get("$natural") {
            if source.len() > 1 {
                return Err(CommandError::bad_value(
                    "$natural sort cannot be combined with other keys",
                ));
            }
            return Ok(Self::Natural(direction_of("$natural", direction)?));
        }
        let mut fields = Vec::new();
        for (path, direction) in source {
            if path.is_empty() || path.split('.').any(str::is_empty) {
                return Err(CommandError::new(
                    Code::Location(15998),
                    "FieldPath field names may not be empty strings.",
                ));
            }
            if path.starts_with('$') {
                return Err(CommandError::new(
                    Code::Location(16410),
                    "FieldPath field names may not start with '$'.",
                ));
            }
            if matches!(direction, Bson::Document(_)) {
                return Err(CommandError::unsupported("$meta in a sort"));
            }
            fields.push((path.clone(), direction_of(path, direction)?));
        }
        Ok(Self::Fields(Pattern::new(fields)))
    }

    pub fn key(&self, document: &RawDocument) -> Result<Vec<u8>> {
        match self {
            Self::Natural(_) => Ok(Vec::new()),
            Self::Fields(pattern) => {
                let keys = pattern.keys(document).map_err(|_| {
                    CommandError::bad_value("cannot sort with keys that are parallel arrays")
                })?;
                Ok(keys.into_keys().into_iter().next().unwrap_or_default())
            }
        }
    }

    /// The key of an array element, for the `$sort` of `$push`.
    pub fn key_of_element(&self, element: &Bson) -> Result<Vec<u8>> {
        match element {
            Bson::Document(document) => self.key(&to_raw(document)?),
            _ => self.key(&to_raw(&Document::new())?),
        }
    }
}

fn direction_of(path: &str, direction: &Bson) -> Result<bool> {
    match arithmetic::as_integer(direction) {
        Some(1) => Ok(false),
        Some(-1) => Ok(true),
        _ => Err(CommandError::new(
            Code::Location(15975),
            format!("$sort key ordering must be 1 (for ascending) or -1 (for descending): {path}"),
        )),
    }
}
