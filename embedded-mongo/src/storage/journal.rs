//! The data file and its writer thread.
//!
//! Changes are queued in the order in which they were made. The writer takes all
//! queued changes, commits them as one durable transaction and reports progress,
//! so that concurrent clients share one fsync (group commit).

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bson::{Document, RawDocumentBuf};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableHandle};
use tokio::sync::watch;

use super::{RecordId, StoredDocument};
use crate::error::{Code, CommandError, Result};
use crate::wire::{check_document, crc32c};

const FORMAT: TableDefinition<'_, &str, u32> = TableDefinition::new("format");
const DOCUMENTS: TableDefinition<'_, (u32, u64), &[u8]> = TableDefinition::new("documents");
const COLLECTIONS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("collections");
const RETRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("retries");

/// Version of the file format; version 1 had no checksums.
const FORMAT_VERSION: u32 = 2;

/// Page cache of the file. Small, since all documents are held in memory anyway.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// Queued bytes above which unacknowledged writes wait as well.
const BACKLOG_BYTES: usize = 64 * 1024 * 1024;

#[derive(Debug)]
pub(crate) enum Change {
    /// A document's new version; `None` if deleted.
    Document(u32, RecordId, Option<StoredDocument>),
    /// A collection's definition; `None` if dropped.
    Collection(u32, Option<Document>),
    /// The result of a retryable write statement; `None` to delete it.
    Retry(Vec<u8>, Option<Document>),
}

impl Change {
    pub fn put(collection: u32, id: RecordId, document: &StoredDocument) -> Self {
        Self::Document(collection, id, Some(document.clone()))
    }

    pub fn remove(collection: u32, id: RecordId) -> Self {
        Self::Document(collection, id, None)
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Document(_, _, Some(document)) => document.as_bytes().len(),
            _ => 64,
        }
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

/// The queue to the writer thread. Without a file nothing is written and changes are
/// durable at once.
#[derive(Debug)]
pub(crate) struct Journal {
    queue: Mutex<Queue>,
    progress: watch::Receiver<Progress>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Bytes that are queued and not yet written.
    pending: Arc<AtomicUsize>,
    commit_delay: Duration,
}

#[derive(Debug)]
struct Queue {
    /// Number of the last batch of changes.
    last: u64,
    appended: Instant,
    sender: Option<mpsc::Sender<Batch>>,
}

#[derive(Debug)]
struct Batch {
    number: u64,
    changes: Vec<Change>,
    bytes: usize,
}

impl Journal {
    /// A journal for a server in memory.
    pub fn in_memory(commit_delay: Duration) -> Self {
        Self::new(None, watch::channel(Progress::default()).1, commit_delay)
    }

    fn new(
        sender: Option<mpsc::Sender<Batch>>,
        progress: watch::Receiver<Progress>,
        commit_delay: Duration,
    ) -> Self {
        Self {
            queue: Mutex::new(Queue {
                last: 0,
                appended: Instant::now(),
                sender,
            }),
            progress,
            writer: Mutex::new(None),
            pending: Arc::default(),
            commit_delay,
        }
    }

    /// Opens a file, reads its contents and starts the writer thread.
    pub fn open(path: &Path, commit_delay: Duration) -> anyhow::Result<(Self, JournalContents)> {
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let database = Database::builder()
                .set_cache_size(CACHE_BYTES)
                .create(path)?;
            prepare(&database)?;
            let contents = read(&database)?;
            anyhow::Ok((database, contents))
        }));
        // The file format library panics on some kinds of damage.
        let Ok(opened) = opened else {
            bail!("the data file is damaged");
        };
        let (database, contents) = opened?;
        let (sender, receiver) = mpsc::channel();
        let (report, progress) = watch::channel(Progress::default());
        let journal = Self::new(Some(sender), progress, commit_delay);
        let pending = journal.pending.clone();
        let writer = std::thread::Builder::new()
            .name("embedded-mongo-writer".to_owned())
            .spawn(move || write_all(&database, &receiver, &report, &pending))?;
        *journal
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(writer);
        Ok((journal, contents))
    }

    /// Queues changes. The caller must hold the lock under which they were
    /// made, so that they are written in the same order.
    pub fn append(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let mut queue = self.queue();
        queue.last += 1;
        queue.appended = Instant::now();
        let number = queue.last;
        if let Some(sender) = &queue.sender {
            let bytes = changes.iter().map(Change::bytes).sum();
            self.pending.fetch_add(bytes, Ordering::Relaxed);
            // If the writer has ended, `progress` holds its error.
            let _ = sender.send(Batch {
                number,
                changes,
                bytes,
            });
        }
    }

    /// Waits until everything queued so far is on disk and, with a commit delay,
    /// acknowledged by the simulated majority.
    pub async fn wait_until_durable(&self) -> Result<()> {
        let (last, appended, has_file) = {
            let queue = self.queue();
            (queue.last, queue.appended, queue.sender.is_some())
        };
        if last == 0 {
            return Ok(());
        }
        if has_file {
            let mut progress = self.progress.clone();
            let reached = progress
                .wait_for(|progress| progress.written >= last || progress.failure.is_some())
                .await
                .map(|progress| progress.failure.clone());
            match reached {
                Ok(None) => {}
                Ok(Some(failure)) => return Err(storage_error(&failure)),
                Err(_) => return Err(storage_error("the writer thread has ended")),
            }
        }
        if !self.commit_delay.is_zero() {
            tokio::time::sleep_until((appended + self.commit_delay).into()).await;
        }
        Ok(())
    }

    /// Whether so much is queued that unacknowledged writes must wait.
    pub fn is_backlogged(&self) -> bool {
        self.pending.load(Ordering::Relaxed) > BACKLOG_BYTES
    }

    /// Fails if the storage has failed.
    pub fn check_writable(&self) -> Result<()> {
        match &self.progress.borrow().failure {
            None => Ok(()),
            Some(failure) => Err(storage_error(failure)),
        }
    }

    /// Writes what is queued and closes the file.
    pub fn close(&self) {
        self.queue().sender = None;
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

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn storage_error(failure: &str) -> CommandError {
    CommandError::new(
        Code::InternalError,
        format!("storage failed, rejecting further writes: {failure}"),
    )
}

fn prepare(database: &Database) -> anyhow::Result<()> {
    let transaction = database.begin_read()?;
    let tables: Vec<String> = transaction
        .list_tables()?
        .map(|table| table.name().to_owned())
        .collect();
    if !tables.is_empty() {
        let version = if tables.iter().any(|name| name == FORMAT.name()) {
            let format = transaction.open_table(FORMAT)?;
            format.get("version")?.map(|version| version.value())
        } else {
            None
        };
        if version != Some(FORMAT_VERSION) {
            bail!(
                "the data file was written by another version of embedded-mongo; delete it to \
                 start with an empty database"
            );
        }
        return Ok(());
    }
    drop(transaction);
    let transaction = database.begin_write()?;
    transaction
        .open_table(FORMAT)?
        .insert("version", FORMAT_VERSION)?;
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
        let body = unseal(&number.value().to_be_bytes(), body.value())
            .context("the definition of a collection is damaged")?;
        contents
            .collections
            .insert(number.value(), Document::from_reader(body)?);
    }
    for entry in transaction.open_table(DOCUMENTS)?.iter()? {
        let (key, body) = entry?;
        let (collection, id) = key.value();
        let body = unseal(&document_key(collection, id), body.value())
            .and_then(|body| Ok(RawDocumentBuf::from_bytes(body.to_vec())?))
            .with_context(|| {
                let name = contents.collections.get(&collection);
                let part = |field| {
                    name.and_then(|name| name.get_str(field).ok())
                        .unwrap_or("?")
                };
                format!("a document of {}.{} is damaged", part("db"), part("name"))
            })?;
        contents
            .documents
            .entry(collection)
            .or_default()
            .push((id, Arc::new(body)));
    }
    for entry in transaction.open_table(RETRIES)?.iter()? {
        let (key, body) = entry?;
        let body = unseal(key.value(), body.value()).context("a session record is damaged")?;
        contents
            .retries
            .push((key.value().to_vec(), Document::from_reader(body)?));
    }
    Ok(contents)
}

fn document_key(collection: u32, id: RecordId) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&collection.to_be_bytes());
    key[4..].copy_from_slice(&id.to_be_bytes());
    key
}

/// Prefixes a document with the checksum of its key and its bytes.
fn seal(key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut sealed = crc32c(&[key, body]).to_le_bytes().to_vec();
    sealed.extend(body);
    sealed
}

/// Verifies the checksum of a sealed document.
fn unseal<'a>(key: &[u8], sealed: &'a [u8]) -> anyhow::Result<&'a [u8]> {
    let (checksum, body) = sealed.split_first_chunk::<4>().context("too short")?;
    if crc32c(&[key, body]) != u32::from_le_bytes(*checksum) {
        bail!("checksum mismatch");
    }
    if check_document(body)? != body.len() {
        bail!("trailing bytes");
    }
    Ok(body)
}

fn write_all(
    database: &Database,
    queue: &mpsc::Receiver<Batch>,
    report: &watch::Sender<Progress>,
    pending: &AtomicUsize,
) {
    while let Ok(first) = queue.recv() {
        let mut last = first.number;
        let mut bytes = first.bytes;
        let mut changes = first.changes;
        while let Ok(batch) = queue.try_recv() {
            last = batch.number;
            bytes += batch.bytes;
            changes.extend(batch.changes);
        }
        let failure = write(database, changes)
            .err()
            .map(|error| error.to_string());
        pending.fetch_sub(bytes, Ordering::Relaxed);
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

fn write(database: &Database, changes: Vec<Change>) -> anyhow::Result<()> {
    let mut transaction = database.begin_write()?;
    // Avoids a full scan of the file at the first start after a crash.
    transaction.set_quick_repair(true);
    {
        let mut documents = transaction.open_table(DOCUMENTS)?;
        let mut collections = transaction.open_table(COLLECTIONS)?;
        let mut retries = transaction.open_table(RETRIES)?;
        for change in changes {
            match change {
                Change::Document(collection, id, Some(body)) => {
                    let sealed = seal(&document_key(collection, id), body.as_bytes());
                    documents.insert((collection, id), sealed.as_slice())?;
                }
                Change::Document(collection, id, None) => {
                    documents.remove((collection, id))?;
                }
                Change::Collection(number, Some(body)) => {
                    let sealed = seal(&number.to_be_bytes(), &body.to_vec()?);
                    collections.insert(number, sealed.as_slice())?;
                }
                Change::Collection(number, None) => {
                    collections.remove(number)?;
                    documents.retain_in((number, 0)..=(number, u64::MAX), |_, _| false)?;
                }
                Change::Retry(key, Some(body)) => {
                    let sealed = seal(&key, &body.to_vec()?);
                    retries.insert(key.as_slice(), sealed.as_slice())?;
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
