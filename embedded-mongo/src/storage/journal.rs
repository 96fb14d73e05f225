//! The data file and its writer thread.
//!
//! Changes are queued in the order in which they were made. The writer takes all
//! queued changes, commits them as one durable transaction and reports progress,
//! so that concurrent clients share one fsync (group commit).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use bson::{Document, RawDocumentBuf};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::watch;

use super::{RecordId, StoredDocument};
use crate::error::{Code, CommandError, Result};

const DOCUMENTS: TableDefinition<'_, (u32, u64), &[u8]> = TableDefinition::new("documents");
const COLLECTIONS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("collections");
const RETRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("retries");

/// Page cache of the file. Small, since all documents are held in memory
/// anyway.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

#[derive(Debug)]
pub(crate) enum Change {
    /// A document's new version; `None` if deleted.
    Document(u32, RecordId, Option<StoredDocument>),
    /// A collection's definition; `None` if dropped.
    Collection(u32, Option<Document>),
    /// The result of a retryable write statement; `None` to delete it.
    RetryableWrite(Vec<u8>, Option<Document>),
}

impl Change {
    pub fn put(collection: u32, id: RecordId, document: &StoredDocument) -> Self {
        Self::Document(collection, id, Some(document.clone()))
    }

    pub fn remove(collection: u32, id: RecordId) -> Self {
        Self::Document(collection, id, None)
    }
}

#[derive(Debug, Default)]
pub(crate) struct JournalContents {
    pub collections: BTreeMap<u32, Document>,
    pub documents: BTreeMap<u32, Vec<(RecordId, StoredDocument)>>,
    pub retries: Vec<(Vec<u8>, Document)>,
}

#[derive(Debug, Clone, Default)]
struct Progress {
    written: u64,
    failure: Option<String>,
}

/// The queue to the writer thread. Without a file there is no queue and every
/// write is immediately durable.
#[derive(Debug)]
pub(crate) struct Journal {
    queue: Option<Mutex<Queue>>,
    progress: watch::Receiver<Progress>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Queue {
    last: u64,
    sender: Option<mpsc::Sender<(u64, Vec<Change>)>>,
}

impl Journal {
    /// A journal for a server in memory.
    pub fn in_memory() -> Self {
        Self {
            queue: None,
            progress: watch::channel(Progress::default()).1,
            writer: Mutex::new(None),
        }
    }

    /// Opens a file, reads its contents and starts the writer thread.
    pub fn open(path: &Path) -> anyhow::Result<(Self, JournalContents)> {
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

    /// Queues changes. The caller must hold the lock under which they were
    /// made, so that they are written in the same order.
    pub fn append(&self, changes: Vec<Change>) {
        let Some(queue) = &self.queue else { return };
        if changes.is_empty() {
            return;
        }
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.last += 1;
        let last = queue.last;
        if let Some(sender) = &queue.sender {
            // If the writer has ended, `progress` holds its error.
            let _ = sender.send((last, changes));
        }
    }

    /// Waits until everything queued so far is on disk.
    pub async fn wait_until_durable(&self) -> Result<()> {
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
            Err(_) => Err(broken("the writer thread has ended")),
        }
    }

    /// Fails if the storage has failed.
    pub fn check_writable(&self) -> Result<()> {
        match &self.progress.borrow().failure {
            None => Ok(()),
            Some(failure) => Err(broken(failure)),
        }
    }

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
            tracing::error!("storage writer panicked");
        }
    }
}

fn broken(failure: &str) -> CommandError {
    CommandError::new(
        Code::InternalError,
        format!("storage failed, rejecting further writes: {failure}"),
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

fn read(database: &Database) -> anyhow::Result<JournalContents> {
    let transaction = database.begin_read()?;
    let mut contents = JournalContents::default();
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
            tracing::error!(%failure, "storage failed, rejecting further writes");
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
    // Avoids a full scan of the file at the first start after a crash.
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
                Change::RetryableWrite(key, Some(body)) => {
                    retries.insert(key.as_slice(), body.to_vec()?.as_slice())?;
                }
                Change::RetryableWrite(key, None) => {
                    retries.remove(key.as_slice())?;
                }
            }
        }
    }
    transaction.commit()?;
    Ok(())
}
