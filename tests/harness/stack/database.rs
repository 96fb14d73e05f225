//! An in-memory database server for one stack, behind a proxy.

use embedded_mongo::Server;

use super::proxy::Proxy;

/// The server and its proxy; both end when this value is dropped.
pub struct Database {
    proxy: Proxy,
    server: Server,
}

impl Database {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let server = Server::start()?;
        Ok(Self {
            proxy: Proxy::start(server.address()).await?,
            server,
        })
    }

    pub(super) fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Its URI through the proxy. A direct connection, since topology discovery would
    /// return the server's own address and bypass the proxy.
    pub(super) fn uri(&self) -> String {
        format!(
            "mongodb://{}/{NAME}?directConnection=true",
            self.proxy.address()
        )
    }
}

/// The name of the service's database.
pub(super) const NAME: &str = "banter";
