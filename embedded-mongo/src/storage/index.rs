//! An index: an ordered map from keys to records.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use bson::RawDocument;

use super::RecordId;
use super::index_key::Keys;
use super::index_spec::IndexSpec;
use crate::error::{Code, CommandError, Result};

#[derive(Debug)]
pub(crate) struct Index {
    pub spec: IndexSpec,
    /// Paths at which some indexed document has an array.
    pub arrays: BTreeSet<String>,
    /// In a non-unique index, each key ends with the record id.
    entries: BTreeMap<Box<[u8]>, RecordId>,
}

/// A half-open key range; without `end` it is unbounded.
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

    pub fn is_multikey(&self) -> bool {
        !self.arrays.is_empty()
    }

    /// The keys of a document; empty if the index excludes it.
    pub fn keys(&self, document: &RawDocument) -> Result<Keys> {
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

    /// The first key that belongs to another record of a unique index.
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

    /// Bulk-loads an empty index.
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

    pub fn duplicate(&self, namespace: &str, document: &RawDocument, key: &[u8]) -> CommandError {
        let values = self.spec.pattern.values(document, key);
        let shown: Vec<String> = values
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        CommandError::new(
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
