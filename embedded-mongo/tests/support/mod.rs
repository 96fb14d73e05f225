//! A server of its own for each test, and clients to it.

use embedded_mongo::{Options, Server, Storage};
use mongodb::bson::Document;
use mongodb::{Client, Collection, Database};
use std::path::Path;
use std::time::Duration;

/// A server and a client of the official driver.
pub struct Mongo {
    pub server: Server,
    pub client: Client,
}

impl Mongo {
    /// A server in memory.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// A server over a folder.
    pub async fn over(folder: &Path) -> Self {
        Self::with(Options {
            storage: Storage::Folder(folder.to_owned()),
            ..Options::default()
        })
        .await
    }

    /// A server in memory that removes what has expired very often.
    pub async fn expiring_every(ttl_interval: Duration) -> Self {
        Self::with(Options {
            ttl_interval,
            ..Options::default()
        })
        .await
    }

    async fn with(options: Options) -> Self {
        let server = Server::start(options).expect("the server starts");
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

/// A client of the official driver that gives up soon.
pub async fn client(uri: &str) -> Client {
    let mut options = mongodb::options::ClientOptions::parse(uri)
        .await
        .expect("the address is one");
    options.server_selection_timeout = Some(Duration::from_secs(10));
    options.max_pool_size = Some(64);
    Client::with_options(options).expect("the options are right")
}

/// The number of the error that a server answered.
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
