//! A TCP proxy that can cut or stall connections: in front of MongoDB, to simulate
//! an unavailable database, or as the SOCKS proxy of a browser, to simulate a bad
//! network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::wait::{TIMEOUT, eventually};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Open,
    /// Closes all connections, and new ones at once.
    Cut,
    /// Keeps connections open but forwards nothing.
    Frozen,
}

/// What connects to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Any,
    /// A client that begins with the handshake of SOCKS 5.
    Socks,
}

/// A proxy with its own port.
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    /// One reference for each connection, plus this one.
    open: Arc<()>,
    passed: Arc<AtomicUsize>,
}

/// Sets the proxy back to [`Mode::Open`] when dropped.
pub struct Held<'p>(&'p Proxy);

impl Proxy {
    /// Starts a proxy in front of `target`.
    pub async fn start(target: SocketAddr) -> anyhow::Result<Self> {
        Self::start_as(Client::Any, target).await
    }

    /// Starts a SOCKS proxy whose connections all lead to `target`.
    pub async fn start_socks(target: SocketAddr) -> anyhow::Result<Self> {
        Self::start_as(Client::Socks, target).await
    }

    async fn start_as(kind: Client, target: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (mode, follows) = watch::channel(Mode::Open);
        let open = Arc::new(());
        let opened = Arc::downgrade(&open);
        let passed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&passed);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (follows, is_open) = (follows.clone(), opened.upgrade());
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    pass(kind, client, target, follows, &count).await;
                    drop(is_open);
                });
            }
        });
        Ok(Self {
            address,
            mode,
            open,
            passed,
        })
    }

    /// The address to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of messages sent to the database so far, including the drivers'
    /// heartbeats.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::Relaxed)
    }

    /// Closes all connections, then accepts new ones.
    pub async fn disconnect_all(&self) {
        let cut = self.hold(Mode::Cut);
        eventually("all connections to end", TIMEOUT, || async {
            (Arc::strong_count(&self.open) == 1).then_some(())
        })
        .await;
        drop(cut);
    }

    /// Sets the mode until the returned value is dropped.
    #[must_use]
    pub fn hold(&self, mode: Mode) -> Held<'_> {
        self.mode.send_replace(mode);
        Held(self)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.mode.send_replace(Mode::Open);
    }
}

async fn pass(
    kind: Client,
    mut client: TcpStream,
    target: SocketAddr,
    mut mode: watch::Receiver<Mode>,
    count: &AtomicUsize,
) {
    if *mode.borrow_and_update() == Mode::Cut {
        return;
    }
    let is_open = *mode.borrow() == Mode::Open;
    if kind == Client::Socks && is_open && agree(&mut client).await.is_err() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    // Nagle's algorithm would delay each small message.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, mut to_client) = client.split();
    let (mut from_server, to_server) = server.split();
    tokio::select! {
        _ = pass_messages(from_client, to_server, count) => return,
        _ = copy(&mut from_server, &mut to_client) => return,
        _ = mode.wait_for(|mode| *mode != Mode::Open) => {}
    }
    // Data in transit is lost by now, so a stalled connection is closed when the
    // stall ends. An error means that the proxy was dropped.
    let _ = mode.wait_for(|mode| *mode != Mode::Frozen).await;
}

/// The handshake of SOCKS 5 (RFC 1928), for any destination.
async fn agree(client: &mut TcpStream) -> std::io::Result<()> {
    let _version = client.read_u8().await?;
    let methods = client.read_u8().await?;
    skip(client, methods.into()).await?;
    client.write_all(&[5, 0]).await?;
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    let address = match request[3] {
        1 => 4,
        4 => 16,
        _ => u64::from(client.read_u8().await?),
    };
    skip(client, address + 2).await?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await
}

async fn skip(client: &mut TcpStream, bytes: u64) -> std::io::Result<()> {
    let skipped = copy(&mut client.take(bytes), &mut tokio::io::sink()).await?;
    match skipped == bytes {
        true => Ok(()),
        false => Err(std::io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Forwards and counts messages of MongoDB's wire protocol, which begin with their
/// length.
async fn pass_messages(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: &AtomicUsize,
) -> std::io::Result<()> {
    loop {
        let length = from.read_u32_le().await?;
        count.fetch_add(1, Ordering::Relaxed);
        let head = length.to_le_bytes();
        let rest = (&mut from).take(u64::from(length.saturating_sub(4)));
        copy(&mut (&head[..]).chain(rest), &mut to).await?;
    }
}
