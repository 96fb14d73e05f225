//! The server: its thread, its sockets, its state.

use crate::commands::counts::Counts;
use crate::commands::cursors::Cursors;
use crate::connection;
use crate::session::Sessions;
use crate::storage::catalog::Catalog;
use crate::storage::log::{Contents, Log};
use crate::ttl;
use anyhow::Context;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How a server is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes any that is free.
    pub address: SocketAddr,
    /// Where documents are kept.
    pub storage: Storage,
    /// How often documents that have expired are removed. MongoDB takes a minute.
    pub ttl_interval: Duration,
}

impl Default for Options {
    /// Any free port of this machine alone, in memory, expiring every second.
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            storage: Storage::Memory,
            ttl_interval: Duration::from_secs(1),
        }
    }
}

/// Where documents are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// Nowhere: they end with the server.
    Memory,
    /// In a file in this folder, which is made if need be.
    Folder(PathBuf),
}

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct State {
    pub catalog: Catalog,
    pub sessions: Sessions,
    pub cursors: Cursors,
    pub counts: Counts,
    pub started: Instant,
}

/// The name of the file in the folder.
const FILE: &str = "embedded-mongo.redb";

impl Server {
    /// Starts a server on threads of its own; it listens when this returns.
    ///
    /// # Errors
    /// An address that is taken, and a file that cannot be opened or read.
    pub fn start(options: Options) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(options.address)
            .with_context(|| format!("cannot listen on {}", options.address))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (log, mut contents) = match &options.storage {
            Storage::Memory => (Log::nowhere(), Contents::default()),
            Storage::Folder(folder) => {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make the folder {}", folder.display()))?;
                let file = folder.join(FILE);
                Log::open(&file).with_context(|| format!("cannot open {}", file.display()))?
            }
        };
        let state = Arc::new(State {
            catalog: Catalog::restore(log, &mut contents)?,
            sessions: Sessions::restore(contents.retries),
            cursors: Cursors::default(),
            counts: Counts::default(),
            started: Instant::now(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads())
            .thread_name("embedded-mongo")
            // Documents may be as deep as MongoDB lets them, and are walked by
            // recursion.
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
                // Connections end where they wait; what they queued is written.
                runtime.shutdown_timeout(Duration::from_secs(5));
                state.catalog.log.close();
            })?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a driver connects to.
    pub fn uri(&self) -> String {
        format!("mongodb://{}", self.address)
    }

    /// Ends the server and waits until everything is written.
    pub async fn stop(mut self) {
        let ended = tokio::task::spawn_blocking(move || self.end()).await;
        if ended.is_err() {
            tracing::error!("the server ended badly");
        }
    }

    fn end(&mut self) {
        // The receiver is gone only if the thread is.
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the server ended badly");
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
                tracing::error!(%error, "the listener cannot be used");
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
                            tracing::debug!(%peer, %error, "a connection ended");
                        }
                    });
                }
                // Out of file descriptors, most likely: some will be given back.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        // Sent or dropped: the owner wants an end.
        _ = stopped => {}
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 4))
}
