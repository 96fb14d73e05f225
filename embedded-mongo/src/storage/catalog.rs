//! The databases and their collections.

use super::collection::Collection;
use super::index_spec::IndexSpec;
use super::log::{Change, Contents, Log};
use crate::error::{Code, Failure, Outcome};
use bson::{Bson, Document, doc};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, RwLock};

/// A collection that many may use; who writes, writes alone.
pub(crate) type Shared = Arc<RwLock<Collection>>;

type Databases = BTreeMap<String, BTreeMap<String, Shared>>;

const WHOLE: &str = "a collection stays whole: no writer panics in the middle";

/// All collections, and the log that keeps them.
#[derive(Debug)]
pub(crate) struct Catalog {
    databases: RwLock<Databases>,
    next_number: AtomicU32,
    pub log: Log,
}

impl Catalog {
    /// The collections of a file.
    ///
    /// # Errors
    /// Contents that contradict themselves.
    pub fn restore(log: Log, contents: &mut Contents) -> anyhow::Result<Self> {
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
                .collect::<Outcome<Vec<_>>>()?;
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
            log,
        })
    }

    pub fn find(&self, database: &str, name: &str) -> Option<Shared> {
        self.databases
            .read()
            .expect(WHOLE)
            .get(database)?
            .get(name)
            .cloned()
    }

    /// Reads a collection; one that is not there is empty.
    pub fn read<T>(&self, database: &str, name: &str, work: impl FnOnce(&Collection) -> T) -> T {
        match self.find(database, name) {
            Some(shared) => work(&shared.read().expect(WHOLE)),
            None => work(&Collection::new(0, format!("{database}.{name}"))),
        }
    }

    /// Changes a collection, which is made if it is not there.
    ///
    /// # Errors
    /// What `work` fails with, names that cannot be, and a storage that failed.
    pub fn write<T>(
        &self,
        database: &str,
        name: &str,
        work: impl FnOnce(&mut Collection, &mut Vec<Change>) -> Outcome<T>,
    ) -> Outcome<T> {
        self.log.check()?;
        loop {
            let (shared, _) = self.ensure(database, name)?;
            let mut collection = shared.write().expect(WHOLE);
            if collection.dropped {
                continue;
            }
            let mut changes = Vec::new();
            let outcome = work(&mut collection, &mut changes);
            self.log.append(changes);
            return outcome;
        }
    }

    /// Changes a collection if it is there.
    ///
    /// # Errors
    /// As [`Catalog::write`].
    pub fn write_existing<T>(
        &self,
        database: &str,
        name: &str,
        work: impl FnOnce(&mut Collection, &mut Vec<Change>) -> Outcome<T>,
    ) -> Outcome<Option<T>> {
        match self.find(database, name) {
            Some(_) => self.write(database, name, work).map(Some),
            None => Ok(None),
        }
    }

    /// The collection, and whether it had to be made.
    ///
    /// # Errors
    /// Names that cannot be.
    pub fn ensure(&self, database: &str, name: &str) -> Outcome<(Shared, bool)> {
        if let Some(shared) = self.find(database, name) {
            return Ok((shared, false));
        }
        check_names(database, name)?;
        let mut databases = self.databases.write().expect(WHOLE);
        let collections = databases.entry(database.to_owned()).or_default();
        if let Some(shared) = collections.get(name) {
            return Ok((shared.clone(), false));
        }
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let collection = Collection::new(number, format!("{database}.{name}"));
        self.log.append(vec![definition(&collection)]);
        let shared = Arc::new(RwLock::new(collection));
        collections.insert(name.to_owned(), shared.clone());
        Ok((shared, true))
    }

    /// Drops a collection; the number of its indexes if it was there.
    pub fn drop(&self, database: &str, name: &str) -> Option<usize> {
        let mut databases = self.databases.write().expect(WHOLE);
        let collections = databases.get_mut(database)?;
        let shared = collections.remove(name)?;
        if collections.is_empty() {
            databases.remove(database);
        }
        Some(self.retire(&shared))
    }

    /// Drops all collections of a database.
    pub fn drop_database(&self, database: &str) {
        let mut databases = self.databases.write().expect(WHOLE);
        for shared in databases.remove(database).unwrap_or_default().values() {
            self.retire(shared);
        }
    }

    /// The databases' names, in order.
    pub fn databases(&self) -> Vec<String> {
        self.databases
            .read()
            .expect(WHOLE)
            .keys()
            .cloned()
            .collect()
    }

    /// The collections of a database, in order.
    pub fn collections(&self, database: &str) -> Vec<(String, Shared)> {
        let databases = self.databases.read().expect(WHOLE);
        databases
            .get(database)
            .into_iter()
            .flatten()
            .map(|(name, shared)| (name.clone(), shared.clone()))
            .collect()
    }

    fn retire(&self, shared: &Shared) -> usize {
        let mut collection = shared.write().expect(WHOLE);
        collection.dropped = true;
        self.log
            .append(vec![Change::Collection(collection.number, None)]);
        collection.indexes().len()
    }
}

/// The change that keeps a collection's definition.
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

fn spec_of(source: &Document) -> Outcome<IndexSpec> {
    if source.get_str("name").is_ok_and(|name| name == "_id_") {
        return Ok(IndexSpec::id());
    }
    IndexSpec::parse(source)
}

fn check_names(database: &str, name: &str) -> Outcome<()> {
    let namespace = format!("{database}.{name}");
    let wrong = database.is_empty()
        || database.len() > 63
        || database.contains(['.', ' ', '$', '/', '\\', '\0', '"'])
        || name.is_empty()
        || name.starts_with('.')
        || name.ends_with('.')
        || name.contains(['$', '\0'])
        || name.starts_with("system.")
        || namespace.len() > 255;
    if wrong {
        return Err(Failure::new(
            Code::InvalidNamespace,
            format!("Invalid namespace specified '{namespace}'"),
        ));
    }
    Ok(())
}
