//! MongoDB, one file a collection; the only crate that knows BSON.
//!
//! What must not race is one conditional operation here. Every write may happen
//! twice. Writes are acknowledged by a majority before they count.

mod append;
pub mod ceremonies;
pub mod challenges;
pub mod changes;
pub mod connections;
pub mod deliveries;
pub mod devices;
mod error;
mod history;
mod indexes;
pub mod invitations;
pub mod limits;
pub mod members;
pub mod messages;
pub mod presence;
mod roles;
pub mod rooms;
pub mod sessions;
mod slots;
pub mod suppressions;
pub mod users;

use std::time::Duration;

use domain::Timestamp;
use env::Variables;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, doc};
use mongodb::options::{ClientOptions, ReadPreference, SelectionCriteria, WriteConcern};
use mongodb::{Client, Collection, Database};

pub use error::{Error, Result};

/// How long an operation waits for an unavailable database: long enough for an
/// election, short enough that the caller still receives `503`.
const SERVER_SELECTION: Duration = Duration::from_secs(4);
/// How long a write waits for a majority before it counts as not acknowledged.
const MAJORITY_WAIT: Duration = Duration::from_secs(8);
/// A connection unused for this long may have been forgotten on the way, as by a
/// function that was frozen: a new one is made instead.
const IDLE_CONNECTION: Duration = Duration::from_secs(240);
/// Connections per function process. One invocation runs at a time; the fan-out
/// and the lists read a few things at once.
const POOL: u32 = 8;

#[derive(Clone)]
pub struct Settings {
    /// `MONGODB_URI`: the connection string with login and the database's name.
    /// With a malformed one the init fails; with a wrong one every request is
    /// answered with 503.
    pub uri: String,
}

impl Settings {
    /// Reads `MONGODB_URI`.
    pub fn from_variables(variables: &mut Variables) -> Self {
        let uri = variables.url("MONGODB_URI", &["mongodb", "mongodb+srv"]);
        let asks = |option| {
            uri.contains(&format!("tls={option}")) || uri.contains(&format!("ssl={option}"))
        };
        // Names found by SRV records are encrypted unless the URI says otherwise.
        let is_encrypted = asks("true") || (uri.starts_with("mongodb+srv") && !asks("false"));
        variables.require_encryption("MONGODB_URI", &uri, is_encrypted, "add tls=true");
        Self { uri }
    }
}

/// The database. Cheap to clone; connections are made when needed and reused.
#[derive(Clone)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Prepares the client and opens its first connection. A database that is
    /// away is no error yet: it may be back before the first request.
    pub async fn connect(settings: Settings) -> Result<Self> {
        let mut options = ClientOptions::parse(&settings.uri).await?;
        options.app_name.get_or_insert_with(|| "banter".to_owned());
        options
            .server_selection_timeout
            .get_or_insert(SERVER_SELECTION);
        options.connect_timeout.get_or_insert(SERVER_SELECTION);
        options.max_pool_size.get_or_insert(POOL);
        options.max_idle_time.get_or_insert(IDLE_CONNECTION);
        // Not left to the URI: an acknowledged write must not be rolled back, and a
        // secondary may lack a write that was acknowledged.
        options.write_concern = Some(majority());
        options.selection_criteria =
            Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        let client = Client::with_options(options)?;
        let database = client
            .default_database()
            .unwrap_or_else(|| client.database("banter"));
        let store = Self { database };
        if let Err(error) = store.ping().await {
            tracing::warn!(%error, "database unavailable at start, will connect at first request");
        }
        Ok(store)
    }

    /// Asks whether the database is there.
    pub async fn ping(&self) -> Result<()> {
        self.database.run_command(doc! { "ping": 1 }).await?;
        Ok(())
    }

    /// Creates the missing indexes. An existing index of the same name is an error if
    /// its keys differ (MongoDB's code 86) or its options (85, such as another TTL).
    pub async fn create_indexes(&self) -> Result<()> {
        indexes::create(&self.database).await
    }

    pub(crate) fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        self.database.collection(name)
    }
}

/// The concern of every write but the few that say otherwise.
pub(crate) fn majority() -> WriteConcern {
    let mut majority = WriteConcern::majority();
    majority.w_timeout = Some(MAJORITY_WAIT);
    majority
}

/// A time for a TTL index, which counts in BSON dates.
pub(crate) fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millis())
}

/// A length of time as the documents hold it.
pub(crate) fn millis(length: Duration) -> i64 {
    length.as_millis() as i64
}

/// Bytes as they are kept.
pub(crate) fn binary(bytes: Vec<u8>) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes,
    }
}
