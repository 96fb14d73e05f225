//! The WebSocket API: sockets of clients on one side, functions on the other,
//! and the `@connections` API between them.
//!
//! A handshake waits for `$connect` (`handshake`); then a task per connection
//! reads and writes its socket (`socket`) and every frame is an invocation of
//! its own (`dispatch`), at the same time as others of the same connection, as
//! API Gateway does it. Only Lambda proxy integrations are supported.

mod connection;
mod control;
mod dispatch;
mod event;
mod examples;
mod handshake;
mod integration_response;
mod limits;
mod management;
mod registry;
mod socket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::put;

use crate::gateway::authorizer::Authorizers;
use crate::gateway::rate::Rate;
use crate::iam::Access;
use crate::lambda::invoker::Invoker;
use sam_template::application::WebSocketApi;

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
    authorizers: Authorizers,
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
    pub fn new(
        api: WebSocketApi,
        invoker: Invoker,
        authorizers: Authorizers,
        access: Access,
    ) -> Self {
        let stage_requests = api
            .throttling
            .map(|throttling| Rate::new(throttling.per_second, throttling.burst));
        Self(Arc::new(Gateway {
            stage_requests,
            api,
            invoker,
            authorizers,
            access,
            registry: Registry::default(),
            limits: Limits::default(),
            connections: Rate::new(limits::CONNECTIONS_PER_SECOND, limits::CONNECTIONS_BURST),
            requests: Rate::new(limits::REQUESTS_PER_SECOND, limits::REQUESTS_BURST),
            drops_disconnect_events: AtomicBool::new(false),
        }))
    }

    /// Handles `GET /{stage}`, where clients open their sockets, and
    /// `/{stage}/@connections/{id}`. `None` if the path is another one.
    pub async fn answer(&self, request: Request, peer: SocketAddr) -> Result<Response, Request> {
        let path = request.uri().path();
        let rest = path
            .strip_prefix('/')
            .and_then(|rest| rest.strip_prefix(self.0.api.stage.as_str()));
        match rest {
            Some("" | "/") => Ok(handshake::open(Arc::clone(&self.0), peer, request).await),
            Some(rest) if management::is_connections(rest) => {
                Ok(management::answer(Arc::clone(&self.0), request).await)
            }
            _ => Err(request),
        }
    }

    /// The stage.
    pub fn stage(&self) -> &str {
        &self.0.api.stage
    }

    /// Handles a request to `@connections`, also one with an unknown path.
    pub async fn manage(&self, request: Request) -> Response {
        management::answer(Arc::clone(&self.0), request).await
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
