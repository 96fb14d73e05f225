//! Shared parts of the write commands: executes statements in order, each
//! exactly once per transaction number.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use bson::{Bson, Document, doc};

use super::Command;
use crate::error::{Code, CommandError, Result};
use crate::execution::{is_on_worker, move_to_thread};
use crate::session::Session;
use crate::storage::collection::Collection;
use crate::storage::journal::Change;

const MAX_STATEMENTS: usize = 100_000;

/// A locked collection and the changes made to it.
pub(super) struct Writer<'a> {
    pub collection: &'a mut Collection,
    pub changes: &'a mut Vec<Change>,
    session: Option<&'a mut Session>,
    first: i32,
}

/// Combined results of a command's statements.
pub(super) struct BatchResult {
    pub matched: i64,
    pub modified: i64,
    pub upserted: Vec<Document>,
    errors: Vec<Document>,
}

/// Result of one statement.
pub(super) struct StatementResult {
    pub matched: i64,
    pub modified: i64,
    /// The `_id` of the upserted document.
    pub upserted: Option<Bson>,
}

/// Locks a session. On an async worker, fails instead of waiting.
fn lock(session: &Mutex<Session>) -> Result<MutexGuard<'_, Session>> {
    if !is_on_worker() {
        return Ok(session.lock().unwrap_or_else(PoisonError::into_inner));
    }
    match session.try_lock() {
        Ok(session) => Ok(session),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(move_to_thread()),
    }
}

impl Command<'_> {
    /// Locks a collection for writing. A missing collection is created if
    /// `create`, else treated as empty.
    pub(super) fn with_writer<T>(
        &self,
        name: &str,
        create: bool,
        work: impl FnOnce(&mut Writer<'_>) -> Result<T>,
    ) -> Result<T> {
        let catalog = &self.state.catalog;
        let shared = self
            .retry()
            .map(|retry| (self.state.sessions.get(&retry.session), retry));
        let mut session = match &shared {
            None => None,
            Some((session, _)) => Some(lock(session)?),
        };
        let mut work = Some(work);
        let mut open = |collection: &mut Collection, changes: &mut Vec<Change>| {
            let mut writer = Writer {
                collection,
                changes,
                session: session.as_deref_mut(),
                first: self.retry().map_or(0, |retry| retry.first),
            };
            if let (Some(session), Some(retry)) = (&mut writer.session, self.retry()) {
                session.begin(retry.number, writer.changes)?;
            }
            match work.take() {
                Some(work) => work(&mut writer),
                None => Err(CommandError::new(
                    Code::InternalError,
                    "the write closure ran twice",
                )),
            }
        };
        if create {
            return catalog.write(self.database, name, open);
        }
        match catalog.write_existing(self.database, name, &mut open)? {
            Some(outcome) => Ok(outcome),
            None => {
                let mut nothing = Collection::new(0, self.namespace(name));
                open(&mut nothing, &mut Vec::new())
            }
        }
    }
}

impl Writer<'_> {
    /// Runs a statement, or returns its stored result.
    pub fn run_once(
        &mut self,
        statement: usize,
        work: impl FnOnce(&mut Collection, &mut Vec<Change>) -> Result<Document>,
    ) -> Result<Document> {
        let number = self.first.saturating_add(statement as i32);
        if let Some(done) = self
            .session
            .as_ref()
            .and_then(|session| session.done(number))
        {
            return Ok(done.clone());
        }
        let result = work(self.collection, self.changes)?;
        if let Some(session) = &mut self.session {
            self.changes.push(session.record(number, result.clone()));
        }
        Ok(result)
    }

    /// Runs the statements in order; an ordered command stops at the first
    /// error.
    pub fn run_each<S>(
        &mut self,
        statements: &[S],
        ordered: bool,
        mut work: impl FnMut(&mut Collection, &mut Vec<Change>, &S) -> Result<StatementResult>,
    ) -> Result<BatchResult> {
        let mut batch = BatchResult {
            matched: 0,
            modified: 0,
            upserted: Vec::new(),
            errors: Vec::new(),
        };
        for (index, statement) in statements.iter().enumerate() {
            let outcome = self.run_once(index, |collection, changes| {
                work(collection, changes, statement).map(StatementResult::into_document)
            });
            match outcome {
                Ok(result) => batch.add(index, &result),
                Err(error) if error.code == Code::MoveToThread => return Err(error),
                Err(error) => {
                    batch.errors.push(error.to_write_error(index));
                    if ordered {
                        break;
                    }
                }
            }
        }
        Ok(batch)
    }
}

impl StatementResult {
    pub fn of(matched: usize, modified: usize) -> Self {
        Self {
            matched: matched as i64,
            modified: modified as i64,
            upserted: None,
        }
    }

    fn into_document(self) -> Document {
        let mut out = doc! { "n": self.matched, "nModified": self.modified };
        if let Some(id) = self.upserted {
            out.insert("upserted", id);
        }
        out
    }
}

impl BatchResult {
    fn add(&mut self, index: usize, result: &Document) {
        self.matched += result.get_i64("n").unwrap_or(0);
        self.modified += result.get_i64("nModified").unwrap_or(0);
        if let Some(id) = result.get("upserted") {
            self.upserted
                .push(doc! { "index": index as i32, "_id": id.clone() });
        }
    }

    pub fn into_reply(self) -> Document {
        let mut reply = doc! { "n": count(self.matched) };
        if !self.errors.is_empty() {
            reply.insert("writeErrors", self.errors);
        }
        reply.insert("ok", 1.0);
        reply
    }
}

pub(super) fn count(number: i64) -> Bson {
    crate::pipeline::count_to_bson(usize::try_from(number).unwrap_or(0))
}

pub(super) fn check_statements<S>(statements: &[S]) -> Result<()> {
    if (1..=MAX_STATEMENTS).contains(&statements.len()) {
        return Ok(());
    }
    Err(CommandError::new(
        Code::InvalidLength,
        format!(
            "Write batch sizes must be between 1 and {MAX_STATEMENTS}. Got {} operations.",
            statements.len()
        ),
    ))
}
