//! Cursors: what remains of an answer, for `getMore`.

use super::{Command, Reply};
use crate::error::{Code, Failure, Outcome};
use crate::expression::Variables;
use crate::projection::Projection;
use crate::query::Filter;
use crate::storage::Stored;
use crate::value::{arithmetic, elements, to_bson, to_document, to_raw};
use bson::raw::cstr;
use bson::{Document, RawArrayBuf, RawBsonRef, RawDocumentBuf, doc};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a cursor waits for its client, as in MongoDB.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// The most bytes of documents in one answer.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// All open cursors.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    open: Mutex<HashMap<i64, Cursor>>,
    last: AtomicI64,
}

/// Documents on their way to a client.
#[derive(Debug)]
pub(super) struct Rows {
    pub documents: VecDeque<Stored>,
    /// What is shown of each; with the filter, if it matters where it matched.
    pub projection: Option<(Projection, Option<Filter>)>,
}

#[derive(Debug)]
struct Cursor {
    namespace: String,
    rows: Rows,
    used: Instant,
}

/// Which answer is being made.
pub(super) enum Batch {
    First {
        size: usize,
        /// Whether there will be no other.
        single: bool,
    },
    Next {
        id: i64,
        size: usize,
    },
}

impl Cursors {
    /// Forgets cursors whose clients do not come back.
    pub fn sweep(&self) {
        self.lock()
            .retain(|_, cursor| cursor.used.elapsed() < PATIENCE);
    }

    /// Answers with the first documents and keeps the others.
    pub(super) fn open(&self, namespace: &str, rows: Rows, batch: Batch) -> Outcome<Reply> {
        self.advance(namespace, rows, &batch)
    }

    fn advance(&self, namespace: &str, mut rows: Rows, batch: &Batch) -> Outcome<Reply> {
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

impl Rows {
    /// Documents that exist nowhere but in an answer.
    pub fn made(documents: &[Document]) -> Outcome<Self> {
        Ok(Self {
            documents: documents
                .iter()
                .map(|document| to_raw(document).map(Into::into))
                .collect::<Outcome<_>>()?,
            projection: None,
        })
    }

    fn take(&mut self, most: usize) -> Outcome<RawArrayBuf> {
        let mut taken = RawArrayBuf::new();
        let mut bytes = 0;
        for count in 0..most {
            let Some(next) = self.documents.front() else {
                break;
            };
            bytes += next.as_bytes().len();
            if bytes > MOST_BYTES && count > 0 {
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
                    let shown = projection.apply(&document, &Variables::of(&document), position)?;
                    taken.push(to_raw(&shown)?);
                }
            }
            self.documents.pop_front();
        }
        Ok(taken)
    }
}

pub(super) fn get_more(command: &Command<'_>) -> Outcome<Reply> {
    let arguments = &command.arguments;
    let Some(RawBsonRef::Int64(id)) = arguments.first() else {
        return Err(Failure::new(
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
                return Err(Failure::new(
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
        return Err(Failure::new(
            Code::CursorNotFound,
            format!("cursor id {id} not found"),
        ));
    };
    cursors.advance(&namespace, cursor.rows, &Batch::Next { id, size })
}

pub(super) fn kill(command: &Command<'_>) -> Outcome {
    let arguments = &command.arguments;
    let name = command.collection()?;
    let Some(RawBsonRef::Array(ids)) = arguments.raw("cursors") else {
        return Err(arguments.missing("cursors"));
    };
    arguments.finish(true)?;
    let namespace = command.namespace(name);
    let (mut killed, mut unknown) = (Vec::new(), Vec::new());
    let mut open = command.state.cursors.lock();
    for id in elements(ids).filter_map(|id| arithmetic::whole(&to_bson(id))) {
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
