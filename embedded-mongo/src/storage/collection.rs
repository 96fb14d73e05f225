//! A collection: documents in insertion order, and their indexes.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::RawDocumentBuf;

use super::index::Index;
use super::index_key::Keys;
use super::index_spec::IndexSpec;
use super::journal::Change;
use super::{RecordId, StoredDocument};
use crate::error::{Code, CommandError, Result};
use crate::execution::stay_on_thread;

pub(crate) const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Collection {
    /// Identifies the collection in the file; never reused.
    pub number: u32,
    pub namespace: String,
    /// Set if the collection was dropped while a writer waited for its lock.
    pub dropped: bool,
    documents: BTreeMap<RecordId, StoredDocument>,
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

    pub fn restore(
        number: u32,
        namespace: String,
        documents: Vec<(RecordId, StoredDocument)>,
        specs: Vec<IndexSpec>,
    ) -> Result<Self> {
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

    pub fn documents(&self) -> &BTreeMap<RecordId, StoredDocument> {
        &self.documents
    }

    pub fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    /// Inserts a document. On an error the collection is unchanged.
    pub fn insert(
        &mut self,
        document: RawDocumentBuf,
        changes: &mut Vec<Change>,
    ) -> Result<RecordId> {
        let id = self.next_id;
        let keys = self.keys(&document, id)?;
        stay_on_thread();
        self.next_id += 1;
        let document = Arc::new(document);
        for (index, keys) in self.indexes.iter_mut().zip(keys) {
            index.insert(keys, id);
        }
        changes.push(Change::put(self.number, id, &document));
        self.documents.insert(id, document);
        Ok(id)
    }

    /// Replaces a document. On an error the collection is unchanged.
    pub fn replace(
        &mut self,
        id: RecordId,
        document: RawDocumentBuf,
        changes: &mut Vec<Change>,
    ) -> Result<StoredDocument> {
        let keys = self.keys(&document, id)?;
        stay_on_thread();
        let document = Arc::new(document);
        changes.push(Change::put(self.number, id, &document));
        if let Some(before) = self.documents.insert(id, document.clone()) {
            self.unindex(id, &before);
        }
        for (index, keys) in self.indexes.iter_mut().zip(keys) {
            index.insert(keys, id);
        }
        Ok(document)
    }

    pub fn remove(&mut self, id: RecordId, changes: &mut Vec<Change>) {
        stay_on_thread();
        if let Some(before) = self.documents.remove(&id) {
            self.unindex(id, &before);
            changes.push(Change::remove(self.number, id));
        }
    }

    /// Builds an index over the existing documents.
    pub fn build_index(&mut self, spec: IndexSpec) -> Result<()> {
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

    /// Builds all indexes again from the documents.
    pub fn rebuild_indexes(&mut self) -> Result<()> {
        let specs: Vec<IndexSpec> = self.indexes.drain(..).map(|index| index.spec).collect();
        specs
            .into_iter()
            .try_for_each(|spec| self.build_index(spec))
    }

    /// Drops the matching indexes, except the `_id` index.
    pub fn drop_indexes(&mut self, goes: impl Fn(&IndexSpec) -> bool) {
        self.indexes
            .retain(|index| index.spec.is_id() || !goes(&index.spec));
    }

    fn keys(&self, document: &RawDocumentBuf, id: RecordId) -> Result<Vec<Keys>> {
        let size = document.as_bytes().len();
        if size > MAX_DOCUMENT_BYTES {
            return Err(CommandError::new(
                Code::BSONObjectTooLarge,
                format!(
                    "object to insert too large. size in bytes: {size}, max size: {MAX_DOCUMENT_BYTES}"
                ),
            ));
        }
        crate::wire::check_document(document.as_bytes()).map_err(|error| {
            CommandError::new(
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

    fn unindex(&mut self, id: RecordId, document: &StoredDocument) {
        for index in &mut self.indexes {
            // The document was indexed before, so its keys can be computed.
            if let Ok(keys) = index.keys(document) {
                index.remove(keys, id);
            }
        }
    }
}
