//! The file behind the collections, and the thread that writes it.
//!
//! Changes are queued in the order in which they were made. The writer takes all
//! that wait, commits them as one durable transaction, and then says so: many
//! clients share the cost of one flush to the disk.

use super::{RecordId, Stored};
use crate::error::{Code, Failure, Outcome};
use bson::{Document, RawDocumentBuf};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use tokio::sync::watch;

const DOCUMENTS: TableDefinition<'_, (u32, u64), &[u8]> = TableDefinition::new("documents");
const COLLECTIONS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("collections");
const RETRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("retries");

/// How much of the file may be held in memory: documents are there already.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// A change to be made durable.
#[derive(Debug)]
pub(crate) enum Change {
    /// A document as it is now; `None` if it is gone.
    Document(u32, RecordId, Option<Stored>),
    /// A collection's definition; `None` if it is gone with all its documents.
    Collection(u32, Option<Document>),
    /// What a statement of a retryable write came to; `None` to forget it.
    Retry(Vec<u8>, Option<Document>),
}

impl Change {
    pub fn put(collection: u32, id: RecordId, document: &Stored) -> Self {
        Self::Document(collection, id, Some(document.clone()))
    }

    pub fn remove(collection: u32, id: RecordId) -> Self {
        Self::Document(collection, id, None)
    }
}

/// What a file held when it was opened.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub collections: BTreeMap<u32, Document>,
    pub documents: BTreeMap<u32, Vec<(RecordId, Stored)>>,
    pub retries: Vec<(Vec<u8>, Document)>,
}

/// How far the writer has come.
#[derive(Debug, Clone, Default)]
struct Progress {
    written: u64,
    failure: Option<String>,
}

/// The queue to the writer; without a file, there is nothing to wait for.
#[derive(Debug)]
pub(crate) struct Log {
    queue: Option<Mutex<Queue>>,
    progress: watch::Receiver<Progress>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Queue {
    last: u64,
    sender: Option<mpsc::Sender<(u64, Vec<Change>)>>,
}

impl Log {
    /// A log that keeps nothing.
    pub fn nowhere() -> Self {
        Self {
            queue: None,
            progress: watch::channel(Progress::default()).1,
            writer: Mutex::new(None),
        }
    }

    /// Opens a file, reads it, and starts the writer.
    ///
    /// # Errors
    /// A file that another process has open, or that is damaged.
    pub fn open(path: &Path) -> anyhow::Result<(Self, Contents)> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(path)?;
        prepare(&database)?;
        let contents = read(&database)?;
        let (sender, receiver) = mpsc::channel();
        let (report, progress) = watch::channel(Progress::default());
        let writer = std::thread::Builder::new()
            .name("embedded-mongo-writer".to_owned())
            .spawn(move || write_all(&database, &receiver, &report))?;
        let log = Self {
            queue: Some(Mutex::new(Queue {
                last: 0,
                sender: Some(sender),
            })),
            progress,
            writer: Mutex::new(Some(writer)),
        };
        Ok((log, contents))
    }

    /// Queues changes. The caller holds the lock under which they were made, so
    /// that the order of the queue is the order of the changes.
    pub fn append(&self, changes: Vec<Change>) {
        let Some(queue) = &self.queue else { return };
        if changes.is_empty() {
            return;
        }
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.last += 1;
        let last = queue.last;
        if let Some(sender) = &queue.sender {
            // A writer that is gone has left its failure behind.
            let _ = sender.send((last, changes));
        }
    }

    /// Waits until everything that was queued before now is on the disk.
    ///
    /// # Errors
    /// The disk failed; nothing is durable from then on.
    pub async fn settled(&self) -> Outcome<()> {
        let Some(queue) = &self.queue else {
            return Ok(());
        };
        let last = queue.lock().unwrap_or_else(PoisonError::into_inner).last;
        let mut progress = self.progress.clone();
        let reached = progress
            .wait_for(|progress| progress.written >= last || progress.failure.is_some())
            .await
            .map(|progress| progress.failure.clone());
        match reached {
            Ok(None) => Ok(()),
            Ok(Some(failure)) => Err(broken(&failure)),
            Err(_) => Err(broken("the writer has stopped")),
        }
    }

    /// Whether writes can still be kept.
    ///
    /// # Errors
    /// The disk failed before.
    pub fn check(&self) -> Outcome<()> {
        match &self.progress.borrow().failure {
            None => Ok(()),
            Some(failure) => Err(broken(failure)),
        }
    }

    /// Writes what is queued and closes the file.
    pub fn close(&self) {
        if let Some(queue) = &self.queue {
            queue.lock().unwrap_or_else(PoisonError::into_inner).sender = None;
        }
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("the storage writer ended badly");
        }
    }
}

fn broken(failure: &str) -> Failure {
    Failure::new(
        Code::InternalError,
        format!("the storage failed and takes no more writes: {failure}"),
    )
}

fn prepare(database: &Database) -> anyhow::Result<()> {
    let transaction = database.begin_read()?;
    if transaction.list_tables()?.count() == 3 {
        return Ok(());
    }
    drop(transaction);
    let transaction = database.begin_write()?;
    transaction.open_table(DOCUMENTS)?;
    transaction.open_table(COLLECTIONS)?;
    transaction.open_table(RETRIES)?;
    transaction.commit()?;
    Ok(())
}

fn read(database: &Database) -> anyhow::Result<Contents> {
    let transaction = database.begin_read()?;
    let mut contents = Contents::default();
    for entry in transaction.open_table(COLLECTIONS)?.iter()? {
        let (number, body) = entry?;
        let body = Document::from_reader(body.value())?;
        contents.collections.insert(number.value(), body);
    }
    for entry in transaction.open_table(DOCUMENTS)?.iter()? {
        let (key, body) = entry?;
        let (collection, id) = key.value();
        let body = RawDocumentBuf::from_bytes(body.value().to_vec())?;
        contents
            .documents
            .entry(collection)
            .or_default()
            .push((id, Arc::new(body)));
    }
    for entry in transaction.open_table(RETRIES)?.iter()? {
        let (key, body) = entry?;
        let body = Document::from_reader(body.value())?;
        contents.retries.push((key.value().to_vec(), body));
    }
    Ok(contents)
}

fn write_all(
    database: &Database,
    queue: &mpsc::Receiver<(u64, Vec<Change>)>,
    report: &watch::Sender<Progress>,
) {
    while let Ok((mut last, changes)) = queue.recv() {
        let mut batch = changes;
        while let Ok((number, changes)) = queue.try_recv() {
            last = number;
            batch.extend(changes);
        }
        let outcome = write(database, batch);
        let failure = outcome.err().map(|error| error.to_string());
        if let Some(failure) = &failure {
            tracing::error!(%failure, "the storage failed and takes no more writes");
        }
        let failed = failure.is_some();
        report.send_replace(Progress {
            written: if failed { 0 } else { last },
            failure,
        });
        if failed {
            return;
        }
    }
}

fn write(database: &Database, batch: Vec<Change>) -> anyhow::Result<()> {
    let mut transaction = database.begin_write()?;
    // The next start need not look through the whole file after a crash.
    transaction.set_quick_repair(true);
    {
        let mut documents = transaction.open_table(DOCUMENTS)?;
        let mut collections = transaction.open_table(COLLECTIONS)?;
        let mut retries = transaction.open_table(RETRIES)?;
        for change in batch {
            match change {
                Change::Document(collection, id, Some(body)) => {
                    documents.insert((collection, id), body.as_bytes())?;
                }
                Change::Document(collection, id, None) => {
                    documents.remove((collection, id))?;
                }
                Change::Collection(number, Some(body)) => {
                    collections.insert(number, body.to_vec()?.as_slice())?;
                }
                Change::Collection(number, None) => {
                    collections.remove(number)?;
                    documents.retain_in((number, 0)..=(number, u64::MAX), |_, _| false)?;
                }
                Change::Retry(key, Some(body)) => {
                    retries.insert(key.as_slice(), body.to_vec()?.as_slice())?;
                }
                Change::Retry(key, None) => {
                    retries.remove(key.as_slice())?;
                }
            }
        }
    }
    transaction.commit()?;
    Ok(())
}
