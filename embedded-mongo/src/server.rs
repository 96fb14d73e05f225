//! Server start, shutdown and the accept loop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use bson::DateTime;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

use crate::commands::cursors::Cursors;
use crate::commands::diagnostics::CommandCounters;
use crate::connection;
use crate::fail_point::FailPoints;
use crate::hold::{Hold, Holds};
use crate::replication::{ElectionCause, Elections, Replication};
use crate::session::Sessions;
use crate::storage::catalog::Catalog;
use crate::storage::journal::{Journal, JournalContents};
use crate::ttl;

/// Options of a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address to listen on; port 0 selects a free port.
    pub address: SocketAddr,
    /// Where documents are stored.
    pub storage: Storage,
    /// Interval of the TTL monitor; MongoDB's default is one minute.
    pub ttl_interval: Duration,
    /// Time that a majority takes to acknowledge a write, in addition to its fsync.
    /// Meanwhile reads with the read concern `local` see the write, and reads with
    /// `majority` wait.
    pub commit_delay: Duration,
    /// Elections that interrupt clients periodically.
    pub elections: Option<Elections>,
}

impl Default for Options {
    /// A free port on 127.0.0.1, in memory, with a TTL monitor that runs every
    /// second, without delays and elections.
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            storage: Storage::Memory,
            ttl_interval: Duration::from_secs(1),
            commit_delay: Duration::ZERO,
            elections: None,
        }
    }
}

/// Where documents are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In memory only.
    Memory,
    /// In a file in this folder, which is created if needed.
    Folder(PathBuf),
}

/// A running server. It stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// State shared by all connections.
#[derive(Debug)]
pub(crate) struct State {
    pub catalog: Catalog,
    pub sessions: Sessions,
    pub cursors: Cursors,
    pub counters: CommandCounters,
    pub fail_points: FailPoints,
    pub holds: Holds,
    pub replication: Replication,
    pub started: Instant,
    /// Set when the server stops; interrupts running commands.
    pub stopping: Arc<AtomicBool>,
}

const FILE: &str = "embedded-mongo.redb";

/// Pending connections that the system queues, as in MongoDB.
const LISTEN_BACKLOG: u32 = 4_096;

/// Commands that run at the same time; more wait.
const COMMAND_THREADS: usize = 128;

impl Server {
    /// Starts a server in memory on a free port of 127.0.0.1. It accepts connections
    /// when this returns.
    ///
    /// # Errors
    /// Fails if no port or thread is available.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(Options::default())
    }

    /// Starts a server on its own threads. It accepts connections when this returns.
    ///
    /// # Errors
    /// Fails if the address is in use or the data file cannot be opened or read.
    pub fn start_with(options: Options) -> anyhow::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (report, started) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("embedded-mongo-main".to_owned())
            .spawn(move || run(options, stopped, &report))?;
        let (address, state) = started.recv().context("the server thread ended")??;
        Ok(Self {
            address,
            state,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connection string for drivers.
    pub fn uri(&self) -> String {
        format!("mongodb://{}", self.address)
    }

    /// Starts an election: for `length` the replica set has no primary.
    pub fn elect(&self, length: Duration, cause: ElectionCause) {
        self.state.replication.elect(length, cause);
    }

    /// Holds the reply of the next `command`, such as `find`, on `namespace`, such as
    /// `test.users`, until the returned value is dropped. Later commands are not held,
    /// and see what the held one has written.
    ///
    /// ```
    /// # use mongodb::bson::{Document, doc};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = embedded_mongo::Server::start().unwrap();
    /// # let client = mongodb::Client::with_uri_str(server.uri()).await.unwrap();
    /// let users = client.database("test").collection::<Document>("users");
    /// let mut hold = server.hold("find", "test.users");
    /// let (found, ()) = tokio::join!(
    ///     async { users.find_one(doc! {}).await },
    ///     async {
    ///         hold.reached().await;
    ///         users.insert_one(doc! { "name": "Ann" }).await.unwrap();
    ///         hold.release();
    ///     },
    /// );
    /// assert_eq!(found.unwrap(), None);
    /// # })
    /// ```
    pub fn hold(&self, command: &str, namespace: &str) -> Hold {
        self.state.holds.add(command, namespace)
    }

    /// Removes the documents that are expired at `now`, as the TTL monitor does at the
    /// current time. Returns how many were removed.
    pub fn remove_expired(&self, now: SystemTime) -> usize {
        ttl::remove_expired(&self.state, DateTime::from_system_time(now))
    }

    /// Stops the server and waits until everything is written.
    pub async fn stop(mut self) {
        let ended = tokio::task::spawn_blocking(move || self.end()).await;
        if ended.is_err() {
            tracing::error!("server thread panicked");
        }
    }

    fn end(&mut self) {
        self.state.stopping.store(true, Ordering::Relaxed);
        // Fails only if the thread has ended.
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("server thread panicked");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Body of the server's thread.
fn run(
    options: Options,
    stopped: oneshot::Receiver<()>,
    report: &mpsc::Sender<anyhow::Result<(SocketAddr, Arc<State>)>>,
) {
    let (runtime, listener, state) = match prepare(&options) {
        Ok(prepared) => prepared,
        Err(error) => {
            // The receiver waits for this message.
            let _ = report.send(Err(error));
            return;
        }
    };
    let started = listener
        .local_addr()
        .context("the listener has no address")
        .map(|address| (address, state.clone()));
    let _ = report.send(started);
    runtime.block_on(serve(listener, state.clone(), &options, stopped));
    // Cancels connections; queued changes are still written.
    runtime.shutdown_timeout(Duration::from_secs(5));
    state.catalog.journal.close();
}

fn prepare(
    options: &Options,
) -> anyhow::Result<(tokio::runtime::Runtime, TcpListener, Arc<State>)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads())
        .max_blocking_threads(COMMAND_THREADS)
        .thread_name("embedded-mongo")
        // Deeply nested documents are processed recursively.
        .thread_stack_size(16 * 1024 * 1024)
        .enable_all()
        .build()?;
    let listener = {
        let _context = runtime.enter();
        listen(options.address).with_context(|| format!("cannot listen on {}", options.address))?
    };
    let (journal, mut contents) = match &options.storage {
        Storage::Memory => (
            Journal::in_memory(options.commit_delay),
            JournalContents::default(),
        ),
        Storage::Folder(folder) => {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot create the folder {}", folder.display()))?;
            let file = folder.join(FILE);
            Journal::open(&file, options.commit_delay)
                .with_context(|| format!("cannot open {}", file.display()))?
        }
    };
    let state = Arc::new(State {
        catalog: Catalog::restore(journal, &mut contents)?,
        sessions: Sessions::restore(contents.retries),
        cursors: Cursors::default(),
        counters: CommandCounters::default(),
        fail_points: FailPoints::default(),
        holds: Holds::default(),
        replication: Replication::default(),
        started: Instant::now(),
        stopping: Arc::default(),
    });
    Ok((runtime, listener, state))
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)
}

async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    options: &Options,
    stopped: oneshot::Receiver<()>,
) {
    tokio::spawn(ttl::monitor(state.clone(), options.ttl_interval));
    if let Some(elections) = options.elections {
        tokio::spawn(hold_elections(state.clone(), elections));
    }
    tokio::select! {
        () = accept(listener, state) => {}
        _ = stopped => {}
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let numbers = AtomicI32::new(1);
    loop {
        match listener.accept().await {
            Ok(_) if state.replication.election() == Some(ElectionCause::Failure) => {}
            Ok((stream, peer)) => {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                let state = state.clone();
                tokio::spawn(async move {
                    if let Err(error) = connection::serve(stream, state, number).await {
                        tracing::debug!(%peer, %error, "connection failed");
                    }
                });
            }
            // Usually out of file descriptors; retry after a pause.
            Err(error) => {
                tracing::warn!(%error, "could not accept connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn hold_elections(state: Arc<State>, elections: Elections) {
    loop {
        tokio::time::sleep(elections.every).await;
        state.replication.elect(elections.length, elections.cause);
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 4))
}
