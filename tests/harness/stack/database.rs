//! An in-memory database server for one stack, behind a proxy.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::paths::binary;
use super::proxy::Proxy;
use crate::wait::eventually;

/// The server and its proxy; both end when this value is dropped.
pub struct Database {
    proxy: Proxy,
    _server: Child,
}

impl Database {
    pub(super) async fn start() -> anyhow::Result<Self> {
        // A port that was free a moment ago.
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

    /// Its URI through the proxy. A direct connection, since topology discovery would
    /// return the server's own address and bypass the proxy.
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
