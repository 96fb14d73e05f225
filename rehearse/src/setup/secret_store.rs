//! The template's secrets, in two files of the data folder. `secrets.json` holds their
//! values, made once, so that what was signed or encrypted before a restart still holds
//! after it. `resolved-references.json` holds the values that resources were last updated
//! with.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context;
use ring::digest::{SHA256, digest};
use sam_template::SecretStorage;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The secrets of one data folder.
pub struct SecretStore {
    path: PathBuf,
    texts: Mutex<BTreeMap<String, String>>,
    references_path: PathBuf,
    references: Mutex<BTreeMap<String, ResolvedReference>>,
}

/// A text of a resource with its references resolved.
#[derive(Clone, Serialize, Deserialize)]
struct ResolvedReference {
    /// A hash of the properties that the resource had then.
    properties: String,
    text: String,
}

impl SecretStore {
    /// Reads what was kept in `data`.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn open(data: &Path) -> anyhow::Result<Self> {
        let path = data.join("secrets.json");
        let references_path = data.join("resolved-references.json");
        Ok(Self {
            texts: Mutex::new(read(&path)?),
            references: Mutex::new(read(&references_path)?),
            path,
            references_path,
        })
    }

    /// Writes everything down, readable by this user alone.
    ///
    /// # Errors
    /// If the data folder cannot be written to.
    pub fn save(&self) -> anyhow::Result<()> {
        write(&self.path, &*lock(&self.texts))?;
        write(&self.references_path, &*lock(&self.references))
    }
}

fn lock<T>(map: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    map.lock()
        .expect("no thread panics while it holds the lock")
}

/// An empty map if there is no such file.
fn read<T: DeserializeOwned + Default>(path: &Path) -> anyhow::Result<T> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged: repair or delete it", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn write(path: &Path, contents: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(contents)?;
    let unfinished = path.with_extension("json.new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)
        .with_context(|| format!("cannot write {}", unfinished.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path).with_context(|| format!("cannot write {}", path.display()))
}

impl SecretStorage for SecretStore {
    fn get_or_generate(&self, name: &str, generate: &mut dyn FnMut() -> String) -> String {
        let mut texts = lock(&self.texts);
        texts
            .entry(name.to_owned())
            .or_insert_with(generate)
            .clone()
    }

    fn resolved(&self, place: &str, properties: &str, current: &str) -> String {
        let hash = digest(&SHA256, properties.as_bytes());
        let properties: String = hash
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut references = lock(&self.references);
        let known = references.get(place);
        if let Some(known) = known.filter(|known| known.properties == properties) {
            return known.text.clone();
        }
        let text = current.to_owned();
        references.insert(place.to_owned(), ResolvedReference { properties, text });
        current.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_resolved_again_when_its_resource_is_updated_and_not_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let resolved = |properties, current| {
            let store = SecretStore::open(folder.path()).expect("it can be read");
            let text = store.resolved("Fn: {{resolve}}", properties, current);
            store.save().expect("it can be written");
            text
        };
        assert_eq!(resolved("epoch 1", "old"), "old");
        assert_eq!(resolved("epoch 1", "new"), "old");
        assert_eq!(resolved("epoch 2", "new"), "new");
        // A rollback updates the resource once more.
        assert_eq!(resolved("epoch 1", "newest"), "newest");
    }
}
