//! Where documents are: in memory for reading, in a file for keeping.

pub(crate) mod bounds;
pub(crate) mod catalog;
pub(crate) mod collection;
pub(crate) mod index;
pub(crate) mod index_key;
pub(crate) mod index_spec;
pub(crate) mod log;
pub(crate) mod plan;
pub(crate) mod scan;

use bson::RawDocumentBuf;
use std::sync::Arc;

/// A document as it is kept and shared with readers.
pub(crate) type Stored = Arc<RawDocumentBuf>;

/// The place of a document in the order of insertion, for as long as it lives.
pub(crate) type RecordId = u64;
