//! A proxy before a MongoDB that can be cut, so that what is behind it is away for
//! those in front of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::wait::{PATIENCE, eventually};

/// What the proxy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Passes everything on.
    Open,
    /// Ends all connections, and each new one at once.
    Cut,
    /// Keeps connections open and passes nothing on.
    Frozen,
}

/// A proxy on a port of its own.
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    /// One for each connection, and the one that gives them out.
    open: Arc<()>,
    passed: Arc<AtomicUsize>,
}

/// A proxy that is not open for a while.
pub struct Held<'p>(&'p Proxy);

impl Proxy {
    /// Starts one before `target`.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(target: SocketAddr) -> anyhow::Result<Self> {
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
                    pass(client, target, follows, &count).await;
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

    /// Where to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many messages went to the database so far, those included with which
    /// drivers look whether it is there.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::Relaxed)
    }

    /// Ends all connections, and takes new ones again.
    pub async fn hang_up(&self) {
        let cut = self.hold(Mode::Cut);
        eventually("all connections to end", PATIENCE, || async {
            (Arc::strong_count(&self.open) == 1).then_some(())
        })
        .await;
        drop(cut);
    }

    /// Does this until the answer is dropped, and is open again then.
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
    mut client: TcpStream,
    target: SocketAddr,
    mut mode: watch::Receiver<Mode>,
    count: &AtomicUsize,
) {
    if *mode.borrow_and_update() == Mode::Cut {
        return;
    }
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    // Without this, each small answer would wait for the next packet's receipt.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, mut to_client) = client.split();
    let (mut from_server, to_server) = server.split();
    tokio::select! {
        _ = pass_messages(from_client, to_server, count) => return,
        _ = copy(&mut from_server, &mut to_client) => return,
        _ = mode.wait_for(|mode| *mode != Mode::Open) => {}
    }
    // What was under way is lost by now, so a connection that was frozen is
    // ended when the freeze is over, as one over a dead link would be. An error
    // means that the proxy itself is gone, and ends it too.
    let _ = mode.wait_for(|mode| *mode != Mode::Frozen).await;
}

/// Passes on and counts messages of MongoDB's wire protocol, which begin with
/// their length.
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
