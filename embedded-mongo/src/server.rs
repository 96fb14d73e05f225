//! Server start, shutdown and the accept loop.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::oneshot;

use crate::commands::cursors::Cursors;
use crate::commands::diagnostics::CommandCounters;
use crate::connection;
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
}

impl Default for Options {
    /// A free port on 127.0.0.1, in memory, with a TTL monitor that runs every
    /// second.
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            storage: Storage::Memory,
            ttl_interval: Duration::from_secs(1),
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
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// State shared by all connections.
#[derive(Debug)]
pub(crate) struct State {
    pub catalog: Catalog,
    pub sessions: Sessions,
    pub cursors: Cursors,
    pub counts: CommandCounters,
    pub started: Instant,
}

const FILE: &str = "embedded-mongo.redb";

impl Server {
    /// Starts a server on its own threads. It accepts connections when this returns.
    ///
    /// # Errors
    /// Fails if the address is in use or the data file cannot be opened or read.
    pub fn start(options: Options) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(options.address)
            .with_context(|| format!("cannot listen on {}", options.address))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (changes, mut contents) = match &options.storage {
            Storage::Memory => (Journal::in_memory(), JournalContents::default()),
            Storage::Folder(folder) => {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot create the folder {}", folder.display()))?;
                let file = folder.join(FILE);
                Journal::open(&file).with_context(|| format!("cannot open {}", file.display()))?
            }
        };
        let state = Arc::new(State {
            catalog: Catalog::restore(changes, &mut contents)?,
            sessions: Sessions::restore(contents.retries),
            cursors: Cursors::default(),
            counts: CommandCounters::default(),
            started: Instant::now(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads())
            .thread_name("embedded-mongo")
            // Deeply nested documents are processed recursively.
            .thread_stack_size(16 * 1024 * 1024)
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("embedded-mongo-main".to_owned())
            .spawn(move || {
                runtime.block_on(serve(
                    listener,
                    state.clone(),
                    options.ttl_interval,
                    stopped,
                ));
                // Cancels connections; queued changes are still written.
                runtime.shutdown_timeout(Duration::from_secs(5));
                state.catalog.journal.close();
            })?;
        Ok(Self {
            address,
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

    /// Stops the server and waits until everything is written.
    pub async fn stop(mut self) {
        let ended = tokio::task::spawn_blocking(move || self.end()).await;
        if ended.is_err() {
            tracing::error!("server thread panicked");
        }
    }

    fn end(&mut self) {
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

async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    ttl_interval: Duration,
    stopped: oneshot::Receiver<()>,
) {
    tokio::spawn(ttl::sweep(state.clone(), ttl_interval));
    let accepting = async {
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "could not register the listener");
                return;
            }
        };
        let numbers = AtomicI32::new(1);
        loop {
            match listener.accept().await {
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
    };
    tokio::select! {
        () = accepting => {}
        _ = stopped => {}
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 4))
}
