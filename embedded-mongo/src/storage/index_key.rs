//! Extracts index and sort keys from documents.

use std::collections::BTreeSet;

use bson::{Bson, Document, RawBsonRef, RawDocument};

use crate::error::{Code, CommandError, Result};
use crate::value::path::{Path, array_index};
use crate::value::{elements, field, key, to_bson};

/// Fields and directions; true for descending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<(Path, bool)>);

/// The index keys of a document.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// Sorted and unique.
    keys: Vec<Vec<u8>>,
    /// Paths of the arrays that were expanded.
    pub arrays: BTreeSet<String>,
    /// Whether the document has none of the indexed fields.
    pub absent: bool,
}

impl Keys {
    pub fn all(&self) -> &[Vec<u8>] {
        &self.keys
    }

    pub fn into_keys(self) -> Vec<Vec<u8>> {
        self.keys
    }
}

/// Progress of one field's path through a document: the current value and the
/// rest of the path. If `done`, the value is final even if it is an array.
#[derive(Clone, Copy)]
struct FieldCursor<'a, 'p> {
    value: Option<RawBsonRef<'a>>,
    rest: &'p [String],
    done: bool,
}

impl Pattern {
    pub fn new(fields: Vec<(String, bool)>) -> Self {
        Self(
            fields
                .into_iter()
                .map(|(path, descending)| (Path::new(&path), descending))
                .collect(),
        )
    }

    pub fn fields(&self) -> &[(Path, bool)] {
        &self.0
    }

    pub fn to_document(&self) -> Document {
        self.0
            .iter()
            .map(|(path, descending)| {
                let direction = if *descending { -1 } else { 1 };
                (path.dotted(), Bson::Int32(direction))
            })
            .collect()
    }

    pub fn keys(&self, document: &RawDocument) -> Result<Keys> {
        let mut found = Keys {
            absent: true,
            ..Keys::default()
        };
        let mut arrays = BTreeSet::new();
        self.expand(self.cursors(document), &mut arrays, &mut |values| {
            let mut bytes = Vec::with_capacity(values.len() * 16);
            for (value, (_, descending)) in values.iter().zip(&self.0) {
                found.absent &= value.is_none();
                key::push_directed(&mut bytes, value.unwrap_or(RawBsonRef::Null), *descending);
            }
            found.keys.push(bytes);
        })?;
        found.keys.sort_unstable();
        found.keys.dedup();
        found.arrays = arrays;
        Ok(found)
    }

    /// The values behind one of a document's keys, for duplicate key errors.
    pub fn values(&self, document: &RawDocument, wanted: &[u8]) -> Document {
        let mut out = Document::new();
        let outcome = self.expand(
            self.cursors(document),
            &mut BTreeSet::new(),
            &mut |values| {
                let mut bytes = Vec::new();
                for (value, (_, descending)) in values.iter().zip(&self.0) {
                    key::push_directed(&mut bytes, value.unwrap_or(RawBsonRef::Null), *descending);
                }
                if bytes == wanted {
                    for (value, (path, _)) in values.iter().zip(&self.0) {
                        out.insert(path.dotted(), value.map_or(Bson::Null, to_bson));
                    }
                }
            },
        );
        debug_assert!(outcome.is_ok(), "the keys were taken before");
        out
    }

    fn cursors<'a, 'p>(&'p self, document: &'a RawDocument) -> Vec<FieldCursor<'a, 'p>> {
        self.0
            .iter()
            .map(|(path, _)| walk(RawBsonRef::Document(document), path.parts()))
            .collect()
    }

    fn expand<'a, 'p>(
        &'p self,
        cursors: Vec<FieldCursor<'a, 'p>>,
        arrays: &mut BTreeSet<String>,
        emit: &mut dyn FnMut(&[Option<RawBsonRef<'a>>]),
    ) -> Result<()> {
        let mut at = None;
        for (cursor, (path, _)) in cursors.iter().zip(&self.0) {
            if let (false, Some(RawBsonRef::Array(array))) = (cursor.done, cursor.value) {
                let walked = path.parts().len() - cursor.rest.len();
                arrays.insert(path.parts()[..walked].join("."));
                match at {
                    None => at = Some(array),
                    Some(other) if std::ptr::eq(array.as_bytes(), other.as_bytes()) => {}
                    Some(_) => {
                        return Err(CommandError::new(
                            Code::CannotIndexParallelArrays,
                            format!("cannot index parallel arrays [{}]", path.dotted()),
                        ));
                    }
                }
            }
        }
        let Some(array) = at else {
            let values: Vec<_> = cursors.iter().map(|cursor| cursor.value).collect();
            emit(&values);
            return Ok(());
        };
        let at_array = |cursor: &FieldCursor<'a, 'p>| {
            matches!((cursor.done, cursor.value), (false, Some(RawBsonRef::Array(found)))
                if std::ptr::eq(found.as_bytes(), array.as_bytes()))
        };
        if array.is_empty() {
            let cursors = cursors
                .iter()
                .map(|cursor| match (at_array(cursor), cursor.rest.is_empty()) {
                    (false, _) => *cursor,
                    (true, true) => finished(Some(RawBsonRef::Undefined)),
                    (true, false) => finished(None),
                })
                .collect();
            return self.expand(cursors, arrays, emit);
        }
        for element in elements(array) {
            let cursors = cursors
                .iter()
                .map(
                    |cursor| match (at_array(cursor), cursor.rest.is_empty(), element) {
                        (false, _, _) => *cursor,
                        (true, true, element) => finished(Some(element)),
                        (true, false, RawBsonRef::Document(_)) => walk(element, cursor.rest),
                        (true, false, _) => finished(None),
                    },
                )
                .collect();
            self.expand(cursors, arrays, emit)?;
        }
        Ok(())
    }
}

fn finished(value: Option<RawBsonRef<'_>>) -> FieldCursor<'_, 'static> {
    FieldCursor {
        value,
        rest: &[],
        done: true,
    }
}

/// Follows a path to its end or to the first array that is not addressed by position.
fn walk<'a, 'p>(mut value: RawBsonRef<'a>, mut rest: &'p [String]) -> FieldCursor<'a, 'p> {
    loop {
        let Some((first, after)) = rest.split_first() else {
            return FieldCursor {
                value: Some(value),
                rest,
                done: false,
            };
        };
        let next = match value {
            RawBsonRef::Document(document) => field(document, first),
            RawBsonRef::Array(array) => {
                match array_index(first).and_then(|index| elements(array).nth(index)) {
                    Some(element) => Some(element),
                    None => {
                        return FieldCursor {
                            value: Some(value),
                            rest,
                            done: false,
                        };
                    }
                }
            }
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return finished(None),
        }
        rest = after;
    }
}
