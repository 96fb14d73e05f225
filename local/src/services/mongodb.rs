//! MongoDB: the server that `MONGODB_URI` names, or the embedded one.

use std::path::Path;

use anyhow::Context;

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
    embedded: Option<local_mongo::Server>,
}

impl MongoDb {
    /// Uses the deployment at `uri`, or starts a private server that keeps its
    /// data under `data`. `database` is the name in [`uri`](Self::uri) where the
    /// given one names none.
    ///
    /// # Errors
    /// If the server cannot start.
    pub async fn start(
        uri: Option<&str>,
        data: &Path,
        keeping: Keeping,
        database: &str,
    ) -> anyhow::Result<Self> {
        if let Some(uri) = uri {
            return Ok(Self {
                uri: with_database(uri, database),
                embedded: None,
            });
        }
        let storage = match keeping {
            Keeping::Memory => local_mongo::Storage::Memory,
            Keeping::Durable => local_mongo::Storage::Folder(data.join("mongodb")),
        };
        let options = local_mongo::Options {
            storage,
            ..local_mongo::Options::default()
        };
        let server = local_mongo::Server::start(options)
            .context("the embedded MongoDB cannot start")?;
        Ok(Self {
            uri: with_database(&server.uri(), database),
            embedded: Some(server),
        })
    }

    /// The connection string, with a database name.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Stops a private server; another is left alone.
    pub async fn stop(self) {
        if let Some(server) = self.embedded {
            server.stop().await;
        }
    }
}

/// The connection string with `database` where it names none.
fn with_database(uri: &str, database: &str) -> String {
    let (rest, options) = match uri.split_once('?') {
        Some((rest, options)) => (rest, format!("?{options}")),
        None => (uri, String::new()),
    };
    let authority = rest.split_once("://").map_or(rest, |(_, rest)| rest);
    match authority.split_once('/') {
        Some((_, name)) if !name.is_empty() => uri.to_owned(),
        Some(_) => format!("{rest}{database}{options}"),
        None => format!("{rest}/{database}{options}"),
    }
}
