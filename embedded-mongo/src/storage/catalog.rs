//! Databases and their collections.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

use bson::{Bson, Document, doc};

use super::collection::Collection;
use super::index_spec::IndexSpec;
use super::journal::{Change, Journal, JournalContents};
use crate::error::{Code, CommandError, Result};
use crate::execution::{is_on_worker, move_to_thread};

pub(crate) type SharedCollection = Arc<RwLock<Collection>>;

type Databases = BTreeMap<String, BTreeMap<String, SharedCollection>>;

/// All collections and their journal.
#[derive(Debug)]
pub(crate) struct Catalog {
    databases: RwLock<Databases>,
    next_number: AtomicU32,
    pub journal: Journal,
}

impl Catalog {
    /// Restores the collections from a file.
    pub fn restore(journal: Journal, contents: &mut JournalContents) -> anyhow::Result<Self> {
        let mut databases = Databases::new();
        let mut next = 1;
        for (number, definition) in &contents.collections {
            let database = definition.get_str("db")?;
            let name = definition.get_str("name")?;
            let specs = definition
                .get_array("indexes")?
                .iter()
                .filter_map(Bson::as_document)
                .map(spec_of)
                .collect::<Result<Vec<_>>>()?;
            let documents = contents.documents.remove(number).unwrap_or_default();
            let namespace = format!("{database}.{name}");
            let collection = Collection::restore(*number, namespace, documents, specs)?;
            databases
                .entry(database.to_owned())
                .or_default()
                .insert(name.to_owned(), Arc::new(RwLock::new(collection)));
            next = next.max(number + 1);
        }
        Ok(Self {
            databases: RwLock::new(databases),
            next_number: AtomicU32::new(next),
            journal,
        })
    }

    pub fn find(&self, database: &str, name: &str) -> Result<Option<SharedCollection>> {
        let databases = read_lock(&self.databases)?;
        Ok(databases
            .get(database)
            .and_then(|collections| collections.get(name))
            .cloned())
    }

    /// Reads a collection; a missing one reads as empty.
    pub fn read<T>(
        &self,
        database: &str,
        name: &str,
        work: impl FnOnce(&Collection) -> T,
    ) -> Result<T> {
        Ok(match self.find(database, name)? {
            Some(shared) => work(&*read_lock(&shared)?),
            None => work(&Collection::new(0, format!("{database}.{name}"))),
        })
    }

    /// Writes to a collection, creating it if it does not exist.
    pub fn write<T>(
        &self,
        database: &str,
        name: &str,
        work: impl FnOnce(&mut Collection, &mut Vec<Change>) -> Result<T>,
    ) -> Result<T> {
        self.journal.check_writable()?;
        loop {
            let (shared, _) = self.ensure(database, name)?;
            let mut collection = write_lock(&shared)?;
            if collection.dropped {
                continue;
            }
            let mut changes = Vec::new();
            let result = catch_unwind(AssertUnwindSafe(|| work(&mut collection, &mut changes)));
            self.journal.append(changes);
            return result.unwrap_or_else(|_| {
                tracing::error!(namespace = collection.namespace, "write panicked");
                // The documents are consistent with the journal, the indexes may not be.
                collection.rebuild_indexes()?;
                Err(CommandError::new(
                    Code::InternalError,
                    "the write failed with an internal error",
                ))
            });
        }
    }

    /// Writes to a collection if it exists.
    pub fn write_existing<T>(
        &self,
        database: &str,
        name: &str,
        work: impl FnOnce(&mut Collection, &mut Vec<Change>) -> Result<T>,
    ) -> Result<Option<T>> {
        match self.find(database, name)? {
            Some(_) => self.write(database, name, work).map(Some),
            None => Ok(None),
        }
    }

    /// Replaces a collection, or creates it, with the same indexes and the documents
    /// that `fill` inserts. On an error the existing collection is unchanged.
    pub fn replace(
        &self,
        database: &str,
        name: &str,
        fill: impl FnOnce(&mut Collection) -> Result<()>,
    ) -> Result<()> {
        self.journal.check_writable()?;
        check_names(database, name)?;
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let mut replacement = Collection::new(number, format!("{database}.{name}"));
        if let Some(existing) = self.find(database, name)? {
            let existing = existing.read().unwrap_or_else(PoisonError::into_inner);
            for index in existing
                .indexes()
                .iter()
                .filter(|index| !index.spec.is_id())
            {
                replacement.build_index(index.spec.clone())?;
            }
        }
        fill(&mut replacement)?;
        let mut changes = vec![definition(&replacement)];
        changes.extend(
            replacement
                .documents()
                .iter()
                .map(|(id, document)| Change::put(number, *id, document)),
        );
        let replacement = Arc::new(RwLock::new(replacement));
        loop {
            // The collection is locked before the databases, never after: a lock of
            // the databases must not wait for a long command.
            let existing = self.find(database, name)?;
            let mut locked = existing
                .as_ref()
                .map(|existing| existing.write().unwrap_or_else(PoisonError::into_inner));
            if locked.as_ref().is_some_and(|existing| existing.dropped) {
                continue;
            }
            let mut databases = self
                .databases
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let collections = databases.entry(database.to_owned()).or_default();
            let is_same = match (&existing, collections.get(name)) {
                (Some(existing), Some(current)) => Arc::ptr_eq(existing, current),
                (None, None) => true,
                _ => false,
            };
            if !is_same {
                continue;
            }
            // One batch, so that the file has either the old or the new collection.
            if let Some(existing) = &mut locked {
                existing.dropped = true;
                changes.insert(0, Change::Collection(existing.number, None));
            }
            self.journal.append(changes);
            collections.insert(name.to_owned(), replacement);
            return Ok(());
        }
    }

    /// Returns the collection and whether it was created.
    pub fn ensure(&self, database: &str, name: &str) -> Result<(SharedCollection, bool)> {
        if let Some(shared) = self.find(database, name)? {
            return Ok((shared, false));
        }
        check_names(database, name)?;
        let mut databases = self
            .databases
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let collections = databases.entry(database.to_owned()).or_default();
        if let Some(shared) = collections.get(name) {
            return Ok((shared.clone(), false));
        }
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let collection = Collection::new(number, format!("{database}.{name}"));
        self.journal.append(vec![definition(&collection)]);
        let shared = Arc::new(RwLock::new(collection));
        collections.insert(name.to_owned(), shared.clone());
        Ok((shared, true))
    }

    /// Drops a collection. Returns its number of indexes if it existed.
    pub fn drop(&self, database: &str, name: &str) -> Option<usize> {
        let shared = {
            let mut databases = self
                .databases
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let collections = databases.get_mut(database)?;
            let shared = collections.remove(name)?;
            if collections.is_empty() {
                databases.remove(database);
            }
            shared
        };
        Some(self.retire(&shared))
    }

    pub fn drop_database(&self, database: &str) {
        let dropped = self
            .databases
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(database);
        for shared in dropped.unwrap_or_default().values() {
            self.retire(shared);
        }
    }

    pub fn databases(&self) -> Vec<String> {
        self.databases
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .cloned()
            .collect()
    }

    pub fn collections(&self, database: &str) -> Vec<(String, SharedCollection)> {
        let databases = self
            .databases
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        databases
            .get(database)
            .into_iter()
            .flatten()
            .map(|(name, shared)| (name.clone(), shared.clone()))
            .collect()
    }

    fn retire(&self, shared: &SharedCollection) -> usize {
        let mut collection = shared.write().unwrap_or_else(PoisonError::into_inner);
        collection.dropped = true;
        self.journal
            .append(vec![Change::Collection(collection.number, None)]);
        collection.indexes().len()
    }
}

/// How often a command on an async worker tries to lock.
const LOCK_TRIES: usize = 16;

/// Locks for reading. On an async worker, fails instead of waiting for long.
fn read_lock<T>(lock: &RwLock<T>) -> Result<RwLockReadGuard<'_, T>> {
    if !is_on_worker() {
        return Ok(lock.read().unwrap_or_else(PoisonError::into_inner));
    }
    try_lock(|| lock.try_read())
}

/// Locks for writing. On an async worker, fails instead of waiting for long.
fn write_lock<T>(lock: &RwLock<T>) -> Result<RwLockWriteGuard<'_, T>> {
    if !is_on_worker() {
        return Ok(lock.write().unwrap_or_else(PoisonError::into_inner));
    }
    try_lock(|| lock.try_write())
}

fn try_lock<G>(lock: impl Fn() -> std::result::Result<G, TryLockError<G>>) -> Result<G> {
    for _ in 0..LOCK_TRIES {
        match lock() {
            Ok(guard) => return Ok(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
    Err(move_to_thread())
}

/// The change that stores a collection's definition.
pub(crate) fn definition(collection: &Collection) -> Change {
    let (database, name) = collection
        .namespace
        .split_once('.')
        .unwrap_or((&collection.namespace, ""));
    let indexes: Vec<Document> = collection
        .indexes()
        .iter()
        .map(|index| index.spec.to_document())
        .collect();
    Change::Collection(
        collection.number,
        Some(doc! { "db": database, "name": name, "indexes": indexes }),
    )
}

fn spec_of(source: &Document) -> Result<IndexSpec> {
    if source.get_str("name").is_ok_and(|name| name == "_id_") {
        return Ok(IndexSpec::id());
    }
    IndexSpec::parse(source)
}

fn check_names(database: &str, name: &str) -> Result<()> {
    let namespace = format!("{database}.{name}");
    let invalid = database.is_empty()
        || database.len() > 63
        || database.contains(['.', ' ', '$', '/', '\\', '\0', '"'])
        || name.is_empty()
        || name.starts_with('.')
        || name.ends_with('.')
        || name.contains(['$', '\0'])
        || name.starts_with("system.")
        || namespace.len() > 255;
    if invalid {
        return Err(CommandError::new(
            Code::InvalidNamespace,
            format!("Invalid namespace specified '{namespace}'"),
        ));
    }
    Ok(())
}
