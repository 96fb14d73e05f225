//! A separate server for each test, and clients.

use std::path::Path;
use std::time::Duration;

use embedded_mongo::{Options, Server, Storage};
use mongodb::bson::Document;
use mongodb::{Client, Collection, Database};

/// A server and an official driver connected to it.
pub struct Mongo {
    pub server: Server,
    pub client: Client,
}

impl Mongo {
    /// A server in memory.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// A server with a data folder.
    pub async fn with_folder(folder: &Path) -> Self {
        Self::with(Options {
            storage: Storage::Folder(folder.to_owned()),
            ..Options::default()
        })
        .await
    }

    /// A server in memory with the given TTL monitor interval.
    pub async fn expiring_every(ttl_interval: Duration) -> Self {
        Self::with(Options {
            ttl_interval,
            ..Options::default()
        })
        .await
    }

    /// A server with the given options.
    pub async fn with(options: Options) -> Self {
        let server = Server::start_with(options).expect("the server starts");
        let client = client(&server.uri()).await;
        Self { server, client }
    }

    pub fn database(&self) -> Database {
        self.client.database("test")
    }

    pub fn collection(&self, name: &str) -> Collection<Document> {
        self.database().collection(name)
    }
}

/// An official driver with a short server selection timeout.
pub async fn client(uri: &str) -> Client {
    let mut options = mongodb::options::ClientOptions::parse(uri)
        .await
        .expect("the URI is valid");
    options.server_selection_timeout = Some(Duration::from_secs(10));
    options.max_pool_size = Some(64);
    Client::with_options(options).expect("the options are valid")
}

/// The error code of a server reply.
pub fn code(error: &mongodb::error::Error) -> Option<i32> {
    use mongodb::error::{ErrorKind, WriteFailure};
    match error.kind.as_ref() {
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::InsertMany(error) => error
            .write_errors
            .as_ref()
            .and_then(|errors| errors.first())
            .map(|error| error.code),
        _ => None,
    }
}
