//! `custom-resources.json` in the data folder: what was made before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::lambda::supervisor::ResourceResponse;

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
    /// `Data` of the response, with every value as text.
    pub data: BTreeMap<String, String>,
}

impl ResourceState {
    /// Reads what an earlier run in this data folder has written, or nothing if the services
    /// of that run are gone.
    ///
    /// # Errors
    /// If that is damaged.
    pub fn read(data: &Path, services_are_new: bool) -> anyhow::Result<Self> {
        let path = data.join("custom-resources.json");
        if services_are_new {
            let resources = BTreeMap::new();
            return Ok(Self { path, resources });
        }
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
        properties: Map<String, Json>,
        answer: &ResourceResponse,
    ) -> anyhow::Result<()> {
        let made = StoredResource {
            physical_id: answer.physical_id.clone(),
            properties,
            data: answer.data.clone(),
        };
        self.resources.insert(id.to_owned(), made);
        let text = serde_json::to_vec_pretty(&self.resources)?;
        std::fs::write(&self.path, text)
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}
