//! Storage: collections in memory, made durable by a journal file.

pub(crate) mod bounds;
pub(crate) mod catalog;
pub(crate) mod collection;
pub(crate) mod index;
pub(crate) mod index_key;
pub(crate) mod index_spec;
pub(crate) mod journal;
pub(crate) mod plan;
pub(crate) mod scan;

use std::sync::Arc;

use bson::RawDocumentBuf;

/// A stored document, shared with readers.
pub(crate) type StoredDocument = Arc<RawDocumentBuf>;

/// Identifies a document within its collection, in insertion order.
pub(crate) type RecordId = u64;
