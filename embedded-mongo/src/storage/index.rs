//! An index: keys in order, each with the document it belongs to.

use super::RecordId;
use super::index_key::Keys;
use super::index_spec::IndexSpec;
use crate::error::{Code, Failure, Outcome};
use bson::RawDocument;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// An index and what is in it.
#[derive(Debug)]
pub(crate) struct Index {
    pub spec: IndexSpec,
    /// The paths at which some document had an array.
    pub arrays: BTreeSet<String>,
    /// Keys of indexes that are not unique end with the record's id.
    entries: BTreeMap<Box<[u8]>, RecordId>,
}

/// A range of keys: from `start`, to before `end` or to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub start: Vec<u8>,
    pub end: Option<Vec<u8>>,
}

impl Index {
    pub fn new(spec: IndexSpec) -> Self {
        Self {
            spec,
            arrays: BTreeSet::new(),
            entries: BTreeMap::new(),
        }
    }

    /// Whether some document has several keys.
    pub fn is_multikey(&self) -> bool {
        !self.arrays.is_empty()
    }

    /// The keys of a document; none if the index leaves it out.
    ///
    /// # Errors
    /// Two arrays side by side.
    pub fn keys(&self, document: &RawDocument) -> Outcome<Keys> {
        if let Some((_, filter)) = &self.spec.partial
            && !filter.matches(document)?
        {
            return Ok(Keys::default());
        }
        let keys = self.spec.pattern.keys(document)?;
        if self.spec.sparse && keys.absent {
            return Ok(Keys::default());
        }
        Ok(keys)
    }

    /// The first key that another document has already.
    pub fn taken(&self, keys: &[Vec<u8>], id: RecordId) -> Option<Vec<u8>> {
        if !self.spec.unique {
            return None;
        }
        keys.iter()
            .find(|key| {
                self.entries
                    .get(key.as_slice())
                    .is_some_and(|owner| *owner != id)
            })
            .cloned()
    }

    pub fn insert(&mut self, keys: Keys, id: RecordId) {
        if !keys.arrays.is_empty() {
            self.arrays.extend(keys.arrays.iter().cloned());
        }
        for key in keys.into_keys() {
            let key = self.entry_key(key, id);
            self.entries.insert(key.into_boxed_slice(), id);
        }
    }

    pub fn remove(&mut self, keys: Keys, id: RecordId) {
        for key in keys.into_keys() {
            let key = self.entry_key(key, id);
            self.entries.remove(key.as_slice());
        }
    }

    /// Fills an empty index at once.
    pub fn fill(&mut self, entries: Vec<(Vec<u8>, RecordId)>) {
        let unique = self.spec.unique;
        self.entries = entries
            .into_iter()
            .map(|(key, id)| {
                let key = if unique { key } else { with_id(key, id) };
                (key.into_boxed_slice(), id)
            })
            .collect();
    }

    /// The entries of a range in order, or in reverse.
    pub fn scan(
        &self,
        range: &Range,
        reverse: bool,
    ) -> Box<dyn Iterator<Item = (&[u8], RecordId)> + '_> {
        if let Some(end) = &range.end
            && *end <= range.start
        {
            return Box::new(std::iter::empty());
        }
        let start = Bound::Included(range.start.as_slice());
        let end = match &range.end {
            Some(end) => Bound::Excluded(end.as_slice()),
            None => Bound::Unbounded,
        };
        let entries = self.entries.range::<[u8], _>((start, end));
        let entries = entries.map(|(key, id)| (key.as_ref(), *id));
        if reverse {
            Box::new(entries.rev())
        } else {
            Box::new(entries)
        }
    }

    /// The error for a document whose key is taken.
    pub fn duplicate(&self, namespace: &str, document: &RawDocument, key: &[u8]) -> Failure {
        let values = self.spec.pattern.values(document, key);
        let shown: Vec<String> = values
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        Failure::new(
            Code::DuplicateKey,
            format!(
                "E11000 duplicate key error collection: {namespace} index: {} dup key: {{ {} }}",
                self.spec.name,
                shown.join(", ")
            ),
        )
        .with("keyPattern", self.spec.pattern.to_document())
        .with("keyValue", values)
    }

    fn entry_key(&self, key: Vec<u8>, id: RecordId) -> Vec<u8> {
        if self.spec.unique {
            key
        } else {
            with_id(key, id)
        }
    }
}

fn with_id(mut key: Vec<u8>, id: RecordId) -> Vec<u8> {
    key.extend(id.to_be_bytes());
    key
}
