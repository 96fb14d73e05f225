//! Cursors and `getMore`.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bson::raw::cstr;
use bson::{Document, RawArrayBuf, RawBsonRef, RawDocumentBuf, doc};

use super::{Command, Reply};
use crate::error::{Code, CommandError, Result};
use crate::execution::check_interrupt_for;
use crate::expression::Variables;
use crate::projection::Projection;
use crate::query::Filter;
use crate::storage::StoredDocument;
use crate::value::{arithmetic, elements, to_bson, to_document, to_raw};

/// Idle time after which a cursor is closed, as in MongoDB.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// Maximum size of the documents in one batch.
const MAX_BATCH_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Cursors {
    open: Mutex<HashMap<i64, Cursor>>,
    last: AtomicI64,
}

/// Documents to return to a client.
#[derive(Debug)]
pub(super) struct ResultSet {
    pub documents: VecDeque<StoredDocument>,
    /// The projection, and the filter if the projection needs the matched
    /// position.
    pub projection: Option<(Projection, Option<Filter>)>,
}

#[derive(Debug)]
struct Cursor {
    namespace: String,
    rows: ResultSet,
    used: Instant,
}

pub(super) enum Batch {
    First {
        size: usize,
        /// `singleBatch`: the cursor is closed after this batch.
        single: bool,
    },
    Next {
        id: i64,
        size: usize,
    },
}

impl Cursors {
    /// Closes idle cursors.
    pub fn sweep(&self) {
        self.lock()
            .retain(|_, cursor| cursor.used.elapsed() < IDLE_TIMEOUT);
    }

    /// Returns the first batch and stores the rest.
    pub(super) fn open(&self, namespace: &str, rows: ResultSet, batch: Batch) -> Result<Reply> {
        self.advance(namespace, rows, &batch)
    }

    fn advance(&self, namespace: &str, mut rows: ResultSet, batch: &Batch) -> Result<Reply> {
        let (name, size) = match batch {
            Batch::First { size, .. } => (cstr!("firstBatch"), *size),
            Batch::Next { size, .. } => (cstr!("nextBatch"), *size),
        };
        let documents = rows.take(size)?;
        let id = match batch {
            _ if rows.documents.is_empty() => 0,
            Batch::First { single: true, .. } => 0,
            Batch::First { .. } => self.last.fetch_add(1, Ordering::Relaxed) + 1,
            Batch::Next { id, .. } => *id,
        };
        if id != 0 {
            let cursor = Cursor {
                namespace: namespace.to_owned(),
                rows,
                used: Instant::now(),
            };
            self.lock().insert(id, cursor);
        }
        let mut inner = RawDocumentBuf::new();
        inner.append(name, documents);
        inner.append(cstr!("id"), id);
        inner.append(cstr!("ns"), namespace);
        let mut reply = RawDocumentBuf::new();
        reply.append(cstr!("cursor"), inner);
        reply.append(cstr!("ok"), 1.0);
        Ok(Reply::Raw(reply))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Cursor>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResultSet {
    pub fn from_documents(documents: &[Document]) -> Result<Self> {
        Ok(Self {
            documents: documents
                .iter()
                .map(|document| to_raw(document).map(Into::into))
                .collect::<Result<_>>()?,
            projection: None,
        })
    }

    fn take(&mut self, most: usize) -> Result<RawArrayBuf> {
        let mut taken = RawArrayBuf::new();
        let mut bytes = 0;
        for count in 0..most {
            let Some(next) = self.documents.front() else {
                break;
            };
            bytes += next.as_bytes().len();
            check_interrupt_for(next.as_bytes().len())?;
            if bytes > MAX_BATCH_BYTES && count > 0 {
                break;
            }
            match &self.projection {
                None => taken.push(next.as_ref().as_ref()),
                Some((projection, filter)) => {
                    let position = match filter {
                        Some(filter) => filter.matches_at(next)?.1,
                        None => None,
                    };
                    let document = to_document(next);
                    let shown =
                        projection.apply(&document, &Variables::new(&document), position)?;
                    taken.push(to_raw(&shown)?);
                }
            }
            self.documents.pop_front();
        }
        Ok(taken)
    }
}

pub(super) fn get_more(command: &Command<'_>) -> Result<Reply> {
    let arguments = &command.arguments;
    let Some(RawBsonRef::Int64(id)) = arguments.first() else {
        return Err(CommandError::new(
            Code::TypeMismatch,
            "Field 'getMore' must be of type long",
        ));
    };
    let collection = arguments.required_string("collection")?;
    let size = match arguments.count("batchSize")? {
        None | Some(0) => usize::MAX,
        Some(size) => size as usize,
    };
    arguments.finish(true)?;
    let namespace = command.namespace(collection);
    let cursors = &command.state.cursors;
    let cursor = {
        let mut open = cursors.lock();
        match open.get(&id) {
            Some(cursor) if cursor.namespace == namespace => open.remove(&id),
            Some(cursor) => {
                return Err(CommandError::new(
                    Code::Location(13),
                    format!(
                        "Requested getMore on namespace '{namespace}', but cursor belongs to a \
                         different namespace {}",
                        cursor.namespace
                    ),
                ));
            }
            None => None,
        }
    };
    let Some(cursor) = cursor else {
        return Err(CommandError::new(
            Code::CursorNotFound,
            format!("cursor id {id} not found"),
        ));
    };
    cursors.advance(&namespace, cursor.rows, &Batch::Next { id, size })
}

pub(super) fn kill(command: &Command<'_>) -> Result {
    let arguments = &command.arguments;
    let name = command.collection()?;
    let Some(RawBsonRef::Array(ids)) = arguments.raw("cursors") else {
        return Err(arguments.missing("cursors"));
    };
    arguments.finish(true)?;
    let namespace = command.namespace(name);
    let (mut killed, mut unknown) = (Vec::new(), Vec::new());
    let mut open = command.state.cursors.lock();
    for id in elements(ids).filter_map(|id| arithmetic::as_integer(&to_bson(id))) {
        if open
            .get(&id)
            .is_some_and(|cursor| cursor.namespace == namespace)
        {
            open.remove(&id);
            killed.push(id);
        } else {
            unknown.push(id);
        }
    }
    let none = Vec::<i64>::new();
    Ok(doc! {
        "cursorsKilled": killed,
        "cursorsNotFound": unknown,
        "cursorsAlive": none.clone(),
        "cursorsUnknown": none,
        "ok": 1.0,
    })
}
