//! A TCP proxy that can be cut, so that what is behind it is away for those in
//! front of it.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

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
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, target, follows.clone()));
            }
        });
        Ok(Self { address, mode })
    }

    /// Where to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
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

async fn pass(mut client: TcpStream, target: SocketAddr, mut mode: watch::Receiver<Mode>) {
    if *mode.borrow_and_update() == Mode::Cut {
        return;
    }
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    // Without this, each small answer would wait for the next packet's receipt.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        _ = mode.wait_for(|mode| *mode != Mode::Open) => {}
    }
    // What was under way is lost by now, so a connection that was frozen is
    // ended when the freeze is over, as one over a dead link would be. An error
    // means that the proxy itself is gone, and ends it too.
    let _ = mode.wait_for(|mode| *mode != Mode::Frozen).await;
}
