//! What all commands that write share: statements, one after the other, each
//! done once however often it is sent.

use super::Command;
use crate::error::{Code, Failure, Outcome};
use crate::session::Session;
use crate::storage::collection::Collection;
use crate::storage::log::Change;
use bson::{Bson, Document, doc};
use std::sync::PoisonError;

/// The most statements in one command.
const MOST_STATEMENTS: usize = 100_000;

/// A collection being written to, and what must become durable of it.
pub(super) struct Writing<'a> {
    pub collection: &'a mut Collection,
    pub log: &'a mut Vec<Change>,
    session: Option<&'a mut Session>,
    first: i32,
}

/// What the statements of a command came to.
pub(super) struct Tally {
    pub matched: i64,
    pub modified: i64,
    pub upserted: Vec<Document>,
    errors: Vec<Document>,
}

/// What one statement came to.
pub(super) struct Effect {
    pub matched: i64,
    pub modified: i64,
    /// The `_id` of the document that was made.
    pub upserted: Option<Bson>,
}

impl Command<'_> {
    /// Opens a collection for writing. One that is not there is made if `create`
    /// says so, and otherwise stands empty for the while.
    pub(super) fn writing<T>(
        &self,
        name: &str,
        create: bool,
        work: impl FnOnce(&mut Writing<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        let catalog = &self.state.catalog;
        let shared = self
            .retry()
            .map(|retry| (self.state.sessions.get(&retry.session), retry));
        let mut session = shared
            .as_ref()
            .map(|(session, _)| session.lock().unwrap_or_else(PoisonError::into_inner));
        let mut work = Some(work);
        let mut open = |collection: &mut Collection, log: &mut Vec<Change>| {
            let mut writing = Writing {
                collection,
                log,
                session: session.as_deref_mut(),
                first: self.retry().map_or(0, |retry| retry.first),
            };
            if let (Some(session), Some(retry)) = (&mut writing.session, self.retry()) {
                session.begin(retry.number, writing.log)?;
            }
            match work.take() {
                Some(work) => work(&mut writing),
                None => Err(Failure::new(Code::InternalError, "a write was begun twice")),
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

impl Writing<'_> {
    /// Does a statement, unless it was done before.
    pub fn once(
        &mut self,
        statement: usize,
        work: impl FnOnce(&mut Collection, &mut Vec<Change>) -> Outcome<Document>,
    ) -> Outcome<Document> {
        let number = self.first.saturating_add(statement as i32);
        if let Some(done) = self
            .session
            .as_ref()
            .and_then(|session| session.done(number))
        {
            return Ok(done.clone());
        }
        let result = work(self.collection, self.log)?;
        if let Some(session) = &mut self.session {
            self.log.push(session.record(number, result.clone()));
        }
        Ok(result)
    }

    /// Does the statements of a command in turn; the first that fails ends an
    /// ordered command.
    pub fn each<S>(
        &mut self,
        statements: &[S],
        ordered: bool,
        mut work: impl FnMut(&mut Collection, &mut Vec<Change>, &S) -> Outcome<Effect>,
    ) -> Tally {
        let mut tally = Tally {
            matched: 0,
            modified: 0,
            upserted: Vec::new(),
            errors: Vec::new(),
        };
        for (place, statement) in statements.iter().enumerate() {
            let outcome = self.once(place, |collection, log| {
                work(collection, log, statement).map(Effect::into_document)
            });
            match outcome {
                Ok(result) => tally.add(place, &result),
                Err(failure) => {
                    tally.errors.push(failure.to_write_error(place));
                    if ordered {
                        break;
                    }
                }
            }
        }
        tally
    }
}

impl Effect {
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

impl Tally {
    fn add(&mut self, place: usize, result: &Document) {
        self.matched += result.get_i64("n").unwrap_or(0);
        self.modified += result.get_i64("nModified").unwrap_or(0);
        if let Some(id) = result.get("upserted") {
            self.upserted
                .push(doc! { "index": place as i32, "_id": id.clone() });
        }
    }

    /// The answer: `n`, and the errors if there are any.
    pub fn into_reply(self) -> Document {
        let mut reply = doc! { "n": count(self.matched) };
        if !self.errors.is_empty() {
            reply.insert("writeErrors", self.errors);
        }
        reply.insert("ok", 1.0);
        reply
    }
}

/// A count as MongoDB gives it.
pub(super) fn count(number: i64) -> Bson {
    crate::pipeline::whole(usize::try_from(number).unwrap_or(0))
}

/// Refuses too many statements, and none.
///
/// # Errors
/// Both.
pub(super) fn check_statements<S>(statements: &[S]) -> Outcome<()> {
    if (1..=MOST_STATEMENTS).contains(&statements.len()) {
        return Ok(());
    }
    Err(Failure::new(
        Code::InvalidLength,
        format!(
            "Write batch sizes must be between 1 and {MOST_STATEMENTS}. Got {} operations.",
            statements.len()
        ),
    ))
}
