//! The WebSocket API: sockets of clients on one side, functions on the other,
//! and the `@connections` API between them.
//!
//! A handshake waits for `$connect` (`handshake`); then a task per connection
//! reads and writes its socket (`socket`) and every frame is an invocation of
//! its own (`dispatch`), at the same time as others of the same connection, as
//! API Gateway does it. Deliberately absent: authorizers, API keys, request
//! templates and other than Lambda proxy integrations, which templates may not use here.

mod access;
mod answer;
mod connection;
mod control;
mod dispatch;
mod event;
mod examples;
mod handshake;
mod limits;
mod management;
mod percent;
mod registry;
mod signature;
mod socket;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use axum::routing::{any, put};

use crate::gateway::rate::Rate;
use crate::lambda::invoker::Invoker;
use sam_template::application::WebSocketApi;

pub use access::{Access, Credentials};
pub use examples::{close as example_close, connect as example_connect, frame as example_frame};

use connection::Closing;
use limits::Limits;
use registry::Registry;

/// How long [`WebSocketServer::close_all`] waits for `$disconnect`.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// One WebSocket API with its connections. Cheap to clone.
#[derive(Clone)]
pub struct WebSocketServer(Arc<Gateway>);

/// What all parts of the server share.
struct Gateway {
    api: WebSocketApi,
    invoker: Invoker,
    access: Access,
    registry: Registry,
    limits: Limits,
    /// New connections a second.
    connections: Rate,
    /// Throttling of the stage, for frames and handshakes.
    stage_requests: Option<Rate>,
    /// Frames and `@connections` calls a second.
    requests: Rate,
    /// Set by the control: `$disconnect` is best effort, and then it never comes.
    drops_disconnect_events: AtomicBool,
}

impl WebSocketServer {
    /// Serves `api` by invoking its functions through `invoker`; `access` says
    /// who may use `@connections`.
    pub fn new(api: WebSocketApi, invoker: Invoker, access: Access) -> Self {
        let stage_requests = api
            .throttling
            .map(|throttling| Rate::new(throttling.per_second, throttling.burst));
        Self(Arc::new(Gateway {
            stage_requests,
            api,
            invoker,
            access,
            registry: Registry::default(),
            limits: Limits::default(),
            connections: Rate::new(limits::CONNECTIONS_PER_SECOND, limits::CONNECTIONS_BURST),
            requests: Rate::new(limits::REQUESTS_PER_SECOND, limits::REQUESTS_BURST),
            drops_disconnect_events: AtomicBool::new(false),
        }))
    }

    /// `GET /{stage}`: where clients open their sockets. It needs the peer's
    /// address (`into_make_service_with_connect_info::<SocketAddr>()`) and a
    /// listener whose sockets have `TCP_NODELAY`.
    pub fn gateway(&self) -> Router {
        Router::new()
            .route(&format!("/{}", self.0.api.stage), any(handshake::open))
            .with_state(Arc::clone(&self.0))
    }

    /// `POST`, `GET` and `DELETE` of `/@connections/{id}` and
    /// `/{stage}/@connections/{id}`, on a listener of its own. It answers every path.
    pub fn management(&self) -> Router {
        Router::new()
            .fallback(management::answer)
            .with_state(Arc::clone(&self.0))
    }

    /// `/_local/websocket`: what AWS does now and then, done on request.
    pub fn control(&self) -> Router {
        Router::new()
            .route("/_local/websocket", put(control::change).get(control::show))
            .with_state(Arc::clone(&self.0))
    }

    /// Refuses new connections, closes every one with 1001 and waits a little
    /// for their `$disconnect`; the functions must still be running.
    pub async fn close_all(&self) {
        for connection in self.0.registry.close() {
            connection.close(Closing::GOING_AWAY);
        }
        if tokio::time::timeout(LAST_WORDS, self.0.registry.empty())
            .await
            .is_err()
        {
            tracing::info!("stopped before every $disconnect had run");
        }
    }
}
