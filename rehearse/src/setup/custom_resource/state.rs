//! `custom-resources.json` in the data folder: what was made before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Every custom resource of one data folder.
pub struct ResourceState {
    path: PathBuf,
    resources: BTreeMap<String, StoredResource>,
}

/// One resource that was made.
#[derive(Serialize, Deserialize)]
pub struct StoredResource {
    /// `PhysicalResourceId`.
    pub physical_id: String,
    /// The properties that it was made with.
    pub properties: Map<String, Json>,
}

impl ResourceState {
    /// Reads what an earlier run in this data folder has written.
    ///
    /// # Errors
    /// If that is damaged.
    pub fn read(data: &Path) -> anyhow::Result<Self> {
        let path = data.join("custom-resources.json");
        let resources = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .with_context(|| format!("{} is damaged: delete it", path.display()))?,
            Err(_) => BTreeMap::new(),
        };
        Ok(Self { path, resources })
    }

    /// What is known of the resource `id`.
    pub fn get(&self, id: &str) -> Option<&StoredResource> {
        self.resources.get(id)
    }

    /// Writes down that a resource was made.
    ///
    /// # Errors
    /// If the data folder cannot be written to.
    pub fn remember(
        &mut self,
        id: &str,
        physical_id: &str,
        properties: Map<String, Json>,
    ) -> anyhow::Result<()> {
        let made = StoredResource {
            physical_id: physical_id.to_owned(),
            properties,
        };
        self.resources.insert(id.to_owned(), made);
        let text = serde_json::to_vec_pretty(&self.resources)?;
        std::fs::write(&self.path, text)
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}
