//! A database of its own for each test, dropped when the test ends.

use std::env;
use std::ops::Deref;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Timestamp;
use embedded_mongo::Server;
use futures_util::future::join_all;
use mongodb::Client;
use store::{Settings, Store};

/// When the tests happen: 1 January 2100, at the beginning of a window of every
/// quota, and so late that no TTL index removes what they keep.
pub const NOW: Timestamp = Timestamp::from_secs(4_102_444_800);
/// The shortest time that the database can tell.
pub const MILLI: Duration = Duration::from_millis(1);

/// As many connections as there are tasks in a race: with the store's own eight,
/// most of them would only wait for one another.
const POOL: &str = "maxPoolSize=64";

/// A store with a database of its own.
pub struct Scratch {
    store: Store,
    uri: String,
}

impl Scratch {
    /// A database with every index and nothing in it.
    pub async fn new() -> Self {
        let scratch = Self::bare().await;
        scratch.create_indexes().await.expect("indexes are made");
        scratch
    }

    pub async fn bare() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let uri = with_database(server(), &format!("{}_{number}", run()));
        let settings = Settings { uri: uri.clone() };
        let store = Store::connect(settings).await.expect("the URI is one");
        store.ping().await.expect("the database answers");
        Self { store, uri }
    }

    /// The same database without the store.
    pub async fn database(&self) -> mongodb::Database {
        let client = Client::with_uri_str(&self.uri).await;
        let client = client.expect("the store has read the same URI");
        client.default_database().expect("it names a database")
    }
}

impl Deref for Scratch {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The test's own runtime cannot wait here, and a test that failed must
        // leave nothing behind either.
        let dropped = thread::scope(|scope| {
            let dropping = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("the system has room for a runtime");
                runtime.block_on(async { self.database().await.drop().await })
            });
            dropping.join()
        });
        if !matches!(dropped, Ok(Ok(()))) && !thread::panicking() {
            panic!("a test's database was not dropped: {dropped:?}");
        }
    }
}

/// What `count` tasks got that began at the same time.
pub async fn at_once<F: Future>(count: usize, task: impl Fn(usize) -> F) -> Vec<F::Output> {
    join_all((0..count).map(task)).await
}

/// The server's URI, maybe with a database's name.
fn server() -> &'static str {
    static SERVER: LazyLock<(String, Option<Server>)> = LazyLock::new(|| {
        let given = env::var("MONGODB_URI").ok().filter(|uri| !uri.is_empty());
        given.map(|uri| (uri, None)).unwrap_or_else(|| {
            let server = Server::start().expect("the embedded server starts");
            (server.uri(), Some(server))
        })
    });
    &SERVER.0
}

/// The result of counting against a limit: when it is used up, the time at which
/// it grants the next one.
pub fn granted<T>(result: store::Result<T>) -> Result<T, Timestamp> {
    match result {
        Ok(value) => Ok(value),
        Err(store::Error::TooFast(too_fast)) => Err(too_fast.retry_at),
        Err(error) => panic!("{error}"),
    }
}

/// What all databases of this run begin with.
fn run() -> &'static str {
    static RUN: LazyLock<String> = LazyLock::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let since = since.expect("the clock is past 1970").as_millis();
        format!("store_tests_{}_{since}", std::process::id())
    });
    &RUN
}

/// `uri` with another database. The one that it names is where its user is
/// looked up unless it says otherwise, and that stays so.
fn with_database(uri: &str, database: &str) -> String {
    let (rest, options) = uri.split_once('?').unwrap_or((uri, ""));
    let (scheme, rest) = rest.split_once("://").expect("MONGODB_URI has a scheme");
    let (hosts, named) = rest.split_once('/').unwrap_or((rest, ""));
    let mut options = vec![options.to_owned(), POOL.to_owned()];
    let asks_elsewhere = options[0].contains("authSource=") || scheme == "mongodb+srv";
    if hosts.contains('@') && !named.is_empty() && !asks_elsewhere {
        options.push(format!("authSource={named}"));
    }
    options.retain(|option| !option.is_empty());
    format!("{scheme}://{hosts}/{database}?{}", options.join("&"))
}

#[test]
fn a_database_of_ones_own_changes_nothing_else_of_the_uri() {
    for (given, expected) in [
        ("mongodb://h:1", "mongodb://h:1/own?maxPoolSize=64"),
        (
            "mongodb://h/chat?tls=true",
            "mongodb://h/own?tls=true&maxPoolSize=64",
        ),
        (
            "mongodb://u:p@h,i/chat",
            "mongodb://u:p@h,i/own?maxPoolSize=64&authSource=chat",
        ),
        (
            "mongodb+srv://u:p@h/chat?retryWrites=true",
            "mongodb+srv://u:p@h/own?retryWrites=true&maxPoolSize=64",
        ),
    ] {
        assert_eq!(with_database(given, "own"), expected);
    }
}
