//! The keys under which an index, or a sort, finds a document.

use crate::error::{Code, Failure, Outcome};
use crate::value::path::Path;
use crate::value::{elements, field, key, to_bson};
use bson::{Bson, Document, RawBsonRef, RawDocument};
use std::collections::BTreeSet;

/// Fields and their directions; true for descending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<(Path, bool)>);

/// What a document looks like to an index.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// In order, each once.
    keys: Vec<Vec<u8>>,
    /// The paths to the arrays that were walked.
    pub arrays: BTreeSet<String>,
    /// Whether the document has none of the fields.
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

/// One field's way through a document: the value so far, and what remains of
/// the path. A value with `done` is taken as it is, even an array.
#[derive(Clone, Copy)]
struct Way<'a, 'p> {
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

    /// The pattern as `{a: 1, b: -1}`.
    pub fn to_document(&self) -> Document {
        self.0
            .iter()
            .map(|(path, descending)| {
                let direction = if *descending { -1 } else { 1 };
                (path.dotted(), Bson::Int32(direction))
            })
            .collect()
    }

    /// The keys of a document.
    ///
    /// # Errors
    /// Two arrays side by side, which have no order of their own.
    pub fn keys(&self, document: &RawDocument) -> Outcome<Keys> {
        let mut found = Keys {
            absent: true,
            ..Keys::default()
        };
        let mut arrays = BTreeSet::new();
        self.expand(self.ways(document), &mut arrays, &mut |values| {
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

    /// The values behind one of a document's keys, for telling of a duplicate.
    pub fn values(&self, document: &RawDocument, wanted: &[u8]) -> Document {
        let mut out = Document::new();
        let outcome = self.expand(self.ways(document), &mut BTreeSet::new(), &mut |values| {
            let mut bytes = Vec::new();
            for (value, (_, descending)) in values.iter().zip(&self.0) {
                key::push_directed(&mut bytes, value.unwrap_or(RawBsonRef::Null), *descending);
            }
            if bytes == wanted {
                for (value, (path, _)) in values.iter().zip(&self.0) {
                    out.insert(path.dotted(), value.map_or(Bson::Null, to_bson));
                }
            }
        });
        debug_assert!(outcome.is_ok(), "the keys were taken before");
        out
    }

    fn ways<'a, 'p>(&'p self, document: &'a RawDocument) -> Vec<Way<'a, 'p>> {
        self.0
            .iter()
            .map(|(path, _)| walk(RawBsonRef::Document(document), path.parts()))
            .collect()
    }

    fn expand<'a, 'p>(
        &'p self,
        ways: Vec<Way<'a, 'p>>,
        arrays: &mut BTreeSet<String>,
        emit: &mut dyn FnMut(&[Option<RawBsonRef<'a>>]),
    ) -> Outcome<()> {
        let mut at = None;
        for (way, (path, _)) in ways.iter().zip(&self.0) {
            if let (false, Some(RawBsonRef::Array(array))) = (way.done, way.value) {
                let walked = path.parts().len() - way.rest.len();
                arrays.insert(path.parts()[..walked].join("."));
                match at {
                    None => at = Some(array),
                    Some(other) if std::ptr::eq(array.as_bytes(), other.as_bytes()) => {}
                    Some(_) => {
                        return Err(Failure::new(
                            Code::CannotIndexParallelArrays,
                            format!("cannot index parallel arrays [{}]", path.dotted()),
                        ));
                    }
                }
            }
        }
        let Some(array) = at else {
            let values: Vec<_> = ways.iter().map(|way| way.value).collect();
            emit(&values);
            return Ok(());
        };
        let here = |way: &Way<'a, 'p>| {
            matches!((way.done, way.value), (false, Some(RawBsonRef::Array(found)))
                if std::ptr::eq(found.as_bytes(), array.as_bytes()))
        };
        if array.is_empty() {
            let ways = ways
                .iter()
                .map(|way| match (here(way), way.rest.is_empty()) {
                    (false, _) => *way,
                    (true, true) => taken(Some(RawBsonRef::Undefined)),
                    (true, false) => taken(None),
                })
                .collect();
            return self.expand(ways, arrays, emit);
        }
        for element in elements(array) {
            let ways = ways
                .iter()
                .map(|way| match (here(way), way.rest.is_empty(), element) {
                    (false, _, _) => *way,
                    (true, true, element) => taken(Some(element)),
                    (true, false, RawBsonRef::Document(_)) => walk(element, way.rest),
                    (true, false, _) => taken(None),
                })
                .collect();
            self.expand(ways, arrays, emit)?;
        }
        Ok(())
    }
}

fn taken(value: Option<RawBsonRef<'_>>) -> Way<'_, 'static> {
    Way {
        value,
        rest: &[],
        done: true,
    }
}

/// Goes down a path to its end or to the first array.
fn walk<'a, 'p>(mut value: RawBsonRef<'a>, mut rest: &'p [String]) -> Way<'a, 'p> {
    loop {
        let next = match (value, rest.split_first()) {
            (RawBsonRef::Array(_), _) | (_, None) => {
                return Way {
                    value: Some(value),
                    rest,
                    done: false,
                };
            }
            (RawBsonRef::Document(document), Some((first, after))) => {
                rest = after;
                field(document, first)
            }
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return taken(None),
        }
    }
}
