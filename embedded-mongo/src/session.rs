//! Sessions: results of retryable writes, so that no statement runs twice.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bson::{Bson, Document, doc};

use crate::error::{Code, CommandError, Result};
use crate::storage::journal::Change;

/// Idle time after which a session expires.
const SESSION_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// All sessions that sent retryable writes.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<Vec<u8>, Arc<Mutex<Session>>>>);

/// The latest transaction number of a session and the results of its
/// statements.
#[derive(Debug)]
pub(crate) struct Session {
    id: Vec<u8>,
    number: i64,
    results: BTreeMap<i32, Document>,
    used: Instant,
}

impl Sessions {
    pub fn restore(retries: Vec<(Vec<u8>, Document)>) -> Self {
        let sessions = Self::default();
        for (mut key, body) in retries {
            let (Ok(number), Ok(result)) = (body.get_i64("txn"), body.get_document("result"))
            else {
                continue;
            };
            let statement = key.split_off(key.len().saturating_sub(4));
            let Ok(statement) = <[u8; 4]>::try_from(statement) else {
                continue;
            };
            let session = sessions.get(&key);
            let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
            if number > session.number {
                session.results.clear();
                session.number = number;
            }
            if number == session.number {
                session
                    .results
                    .insert(i32::from_be_bytes(statement), result.clone());
            }
        }
        sessions
    }

    /// Returns a session, creating it if needed.
    pub fn get(&self, id: &[u8]) -> Arc<Mutex<Session>> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions
            .entry(id.to_vec())
            .or_insert_with(|| {
                Arc::new(Mutex::new(Session {
                    id: id.to_vec(),
                    number: i64::MIN,
                    results: BTreeMap::new(),
                    used: Instant::now(),
                }))
            })
            .clone()
    }

    /// Removes expired sessions.
    pub fn sweep(&self) -> Vec<Change> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut forgotten = Vec::new();
        sessions.retain(|_, session| {
            let Ok(session) = session.try_lock() else {
                return true;
            };
            let stays = session.used.elapsed() < SESSION_TIMEOUT;
            if !stays {
                forgotten.extend(session.forget());
            }
            stays
        });
        forgotten
    }
}

impl Session {
    /// Starts or continues the write with a transaction number. Fails if a
    /// newer one has started.
    pub fn begin(&mut self, number: i64, changes: &mut Vec<Change>) -> Result<()> {
        self.used = Instant::now();
        if number < self.number {
            return Err(CommandError::new(
                Code::TransactionTooOld,
                format!(
                    "Retryable write with txnNumber {number} is prohibited on the session because \
                     a newer retryable write with txnNumber {} has already started on this session.",
                    self.number
                ),
            ));
        }
        if number > self.number {
            // The record of the first statement will be overwritten.
            changes.extend(self.forget().into_iter().skip(1));
            self.number = number;
            self.results.clear();
        }
        Ok(())
    }

    /// The stored result of a statement.
    pub fn done(&self, statement: i32) -> Option<&Document> {
        self.results.get(&statement)
    }

    pub fn record(&mut self, statement: i32, result: Document) -> Change {
        let body = doc! { "txn": self.number, "result": result.clone() };
        self.results.insert(statement, result);
        Change::Retry(self.key(statement), Some(body))
    }

    fn forget(&self) -> Vec<Change> {
        self.results
            .keys()
            .map(|statement| Change::Retry(self.key(*statement), None))
            .collect()
    }

    fn key(&self, statement: i32) -> Vec<u8> {
        [self.id.as_slice(), &statement.to_be_bytes()].concat()
    }
}

pub(crate) fn id_of(lsid: &Document) -> Result<Vec<u8>> {
    match lsid.get("id") {
        Some(Bson::Binary(id)) if id.bytes.len() == 16 => Ok(id.bytes.clone()),
        _ => Err(CommandError::new(
            Code::InvalidOptions,
            "lsid needs an 'id' that is a UUID",
        )),
    }
}
