//! The WebSocket API: sockets of clients on one side, functions on the other,
//! and the `@connections` API between them.

mod access;

use axum::Router;

use crate::application::WebSocketApi;
use crate::invoker::Invoker;

pub use access::{Access, Credentials};

/// One WebSocket API with its connections. Cheap to clone.
#[derive(Clone)]
pub struct WebSocketServer {}

impl WebSocketServer {
    /// Serves `api` by invoking its functions through `invoker`; `access` says
    /// who may use `@connections`.
    ///
    /// # Errors
    /// If the route selection expression is not one that API Gateway knows.
    pub fn new(_api: WebSocketApi, _invoker: Invoker, _access: Access) -> anyhow::Result<Self> {
        Ok(Self {})
    }

    /// `GET /{stage}`: where clients open their sockets. It needs the peer's
    /// address (`into_make_service_with_connect_info::<SocketAddr>()`) and a
    /// listener whose sockets have `TCP_NODELAY`.
    pub fn gateway(&self) -> Router {
        Router::new()
    }

    /// `POST`, `GET` and `DELETE` of `/@connections/{id}` and
    /// `/{stage}/@connections/{id}`, on a listener of its own. It answers every path.
    pub fn management(&self) -> Router {
        Router::new()
    }

    /// `/_local/websocket`: what AWS does now and then, done on request.
    pub fn control(&self) -> Router {
        Router::new()
    }

    /// Closes every connection with 1001 and waits a little for their
    /// `$disconnect`; the functions must still be running.
    pub async fn close_all(&self) {}
}
