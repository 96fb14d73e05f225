//! A database server of its own, in memory, behind a proxy.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::places::binary;
use super::proxy::Proxy;
use crate::wait::eventually;

/// The server and the proxy before it; ends with this value.
pub struct Database {
    proxy: Proxy,
    _server: Child,
}

impl Database {
    pub(super) async fn start() -> anyhow::Result<Self> {
        // The server is told a port that was free a moment ago.
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let server = Command::new(binary("embedded-mongo")?)
            .args(["--port", &address.port().to_string(), "--in-memory"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting the database server")?;
        listening(address).await;
        Ok(Self {
            proxy: Proxy::start(address).await?,
            _server: server,
        })
    }

    pub(super) fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// How to reach it through the proxy: direct, since the server names its
    /// own address to whoever asks for the members of its replica set.
    pub(super) fn uri(&self) -> String {
        format!(
            "mongodb://{}/banter?directConnection=true",
            self.proxy.address()
        )
    }
}

async fn listening(address: SocketAddr) {
    eventually(
        "the database server to listen",
        Duration::from_secs(10),
        || async move { TcpStream::connect(address).await.ok() },
    )
    .await;
}
