//! `secrets.json` in the data folder: the template's secrets, made once, so that
//! what was signed or encrypted before a restart still holds after it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context;
use sam_template::SecretStorage;

/// The secrets of one data folder.
pub struct SecretStore {
    path: PathBuf,
    texts: Mutex<BTreeMap<String, String>>,
}

impl SecretStore {
    /// Reads what was kept in `data`.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn open(data: &Path) -> anyhow::Result<Self> {
        let path = data.join("secrets.json");
        let texts = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged: repair or delete it", path.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        Ok(Self {
            path,
            texts: Mutex::new(texts),
        })
    }

    /// Writes everything down, readable by this user alone.
    ///
    /// # Errors
    /// If the data folder cannot be written to.
    pub fn save(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&*self.lock())?;
        let unfinished = self.path.with_extension("json.new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)
            .with_context(|| format!("cannot write {}", unfinished.display()))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &self.path)
            .with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.texts
            .lock()
            .expect("no thread panics while it holds the lock")
    }
}

impl SecretStorage for SecretStore {
    fn get_or_generate(&self, name: &str, generate: &mut dyn FnMut() -> String) -> String {
        let mut texts = self.lock();
        texts
            .entry(name.to_owned())
            .or_insert_with(generate)
            .clone()
    }
}
