//! A collection: documents in the order of insertion, and their indexes.

use super::index::Index;
use super::index_key::Keys;
use super::index_spec::IndexSpec;
use super::log::Change;
use super::{RecordId, Stored};
use crate::error::{Code, Failure, Outcome};
use bson::RawDocumentBuf;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The largest document, in bytes.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// Documents and indexes that change together.
#[derive(Debug)]
pub(crate) struct Collection {
    /// Names the collection in the file; never used twice.
    pub number: u32,
    pub namespace: String,
    /// Whether the collection was dropped while somebody waited for it.
    pub dropped: bool,
    documents: BTreeMap<RecordId, Stored>,
    indexes: Vec<Index>,
    next_id: RecordId,
}

impl Collection {
    pub fn new(number: u32, namespace: String) -> Self {
        Self {
            number,
            namespace,
            dropped: false,
            documents: BTreeMap::new(),
            indexes: vec![Index::new(IndexSpec::id())],
            next_id: 1,
        }
    }

    /// A collection as the file has it.
    ///
    /// # Errors
    /// Documents that contradict the indexes.
    pub fn restore(
        number: u32,
        namespace: String,
        documents: Vec<(RecordId, Stored)>,
        specs: Vec<IndexSpec>,
    ) -> Outcome<Self> {
        let mut collection = Self::new(number, namespace);
        collection.next_id = documents.last().map_or(1, |(last, _)| last + 1);
        collection.documents = documents.into_iter().collect();
        collection.indexes.clear();
        for spec in specs {
            collection.build_index(spec)?;
        }
        Ok(collection)
    }

    pub fn len(&self) -> usize {
        self.documents.len()
    }

    pub fn bytes(&self) -> usize {
        self.documents.values().map(|d| d.as_bytes().len()).sum()
    }

    pub fn documents(&self) -> &BTreeMap<RecordId, Stored> {
        &self.documents
    }

    pub fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    /// Adds a document.
    ///
    /// # Errors
    /// A key that is taken, and documents that cannot be indexed or are too large.
    pub fn insert(&mut self, document: RawDocumentBuf, log: &mut Vec<Change>) -> Outcome<RecordId> {
        let id = self.next_id;
        let keys = self.keys(&document, id)?;
        self.next_id += 1;
        let document = Arc::new(document);
        for (index, keys) in self.indexes.iter_mut().zip(keys) {
            index.insert(keys, id);
        }
        log.push(Change::put(self.number, id, &document));
        self.documents.insert(id, document);
        Ok(id)
    }

    /// Puts another document in the place of one.
    ///
    /// # Errors
    /// As [`Collection::insert`]; then nothing has changed.
    pub fn replace(
        &mut self,
        id: RecordId,
        document: RawDocumentBuf,
        log: &mut Vec<Change>,
    ) -> Outcome<Stored> {
        let keys = self.keys(&document, id)?;
        let document = Arc::new(document);
        log.push(Change::put(self.number, id, &document));
        if let Some(before) = self.documents.insert(id, document.clone()) {
            self.unindex(id, &before);
        }
        for (index, keys) in self.indexes.iter_mut().zip(keys) {
            index.insert(keys, id);
        }
        Ok(document)
    }

    /// Takes a document away.
    pub fn remove(&mut self, id: RecordId, log: &mut Vec<Change>) {
        if let Some(before) = self.documents.remove(&id) {
            self.unindex(id, &before);
            log.push(Change::remove(self.number, id));
        }
    }

    /// Adds an index over the documents that are there.
    ///
    /// # Errors
    /// Documents that have the same key under a unique index, or none at all.
    pub fn build_index(&mut self, spec: IndexSpec) -> Outcome<()> {
        let mut index = Index::new(spec);
        let mut entries = Vec::with_capacity(self.documents.len());
        for (id, document) in &self.documents {
            let keys = index.keys(document)?;
            index.arrays.extend(keys.arrays.iter().cloned());
            entries.extend(keys.into_keys().into_iter().map(|key| (key, *id)));
        }
        if index.spec.unique {
            entries.sort_unstable();
            if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0)
                && let Some(document) = self.documents.get(&pair[1].1)
            {
                return Err(index.duplicate(&self.namespace, document, &pair[1].0));
            }
        }
        index.fill(entries);
        self.indexes.push(index);
        Ok(())
    }

    /// Takes indexes away, but never that of `_id`.
    pub fn drop_indexes(&mut self, goes: impl Fn(&IndexSpec) -> bool) {
        self.indexes
            .retain(|index| index.spec.is_id() || !goes(&index.spec));
    }

    fn keys(&self, document: &RawDocumentBuf, id: RecordId) -> Outcome<Vec<Keys>> {
        let size = document.as_bytes().len();
        if size > MAX_DOCUMENT_BYTES {
            return Err(Failure::new(
                Code::ObjectTooLarge,
                format!(
                    "object to insert too large. size in bytes: {size}, max size: {MAX_DOCUMENT_BYTES}"
                ),
            ));
        }
        crate::wire::check_document(document.as_bytes()).map_err(|error| {
            Failure::new(
                Code::Overflow,
                format!("the document cannot be stored: {error}"),
            )
        })?;
        self.indexes
            .iter()
            .map(|index| {
                let keys = index.keys(document)?;
                match index.taken(keys.all(), id) {
                    Some(key) => Err(index.duplicate(&self.namespace, document, &key)),
                    None => Ok(keys),
                }
            })
            .collect()
    }

    fn unindex(&mut self, id: RecordId, document: &Stored) {
        for index in &mut self.indexes {
            // What was indexed before can be indexed again.
            if let Ok(keys) = index.keys(document) {
                index.remove(keys, id);
            }
        }
    }
}
