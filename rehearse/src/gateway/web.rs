//! The origin that serves APIs, sockets and the page, and the listeners of it.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::rustls;

use crate::gateway::distribution::Distribution;
use crate::gateway::http_api::HttpServer;
use crate::gateway::listener::{Incoming, Peer};
use crate::gateway::websocket_api::WebSocketServer;
use crate::services::page::Page;

/// The listening but not yet served sockets of the origin.
pub struct Listeners {
    port: u16,
    sockets: Vec<TcpListener>,
}

impl Listeners {
    /// Listens on `port` of this machine (0: a free one), on IPv4 and IPv6, since
    /// `localhost` may be either.
    ///
    /// # Errors
    /// If the port is in use.
    pub async fn bind(port: u16) -> anyhow::Result<Self> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("port {port} is in use: choose another with --port, or 0"))?;
        let port = first.local_addr()?.port();
        let mut sockets = vec![first];
        sockets.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok());
        Ok(Self { port, sockets })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves `router` on all of them until `stop` turns true, with and without TLS.
    pub fn serve(
        self,
        router: &Router,
        tls: &Arc<rustls::ServerConfig>,
        stop: &watch::Receiver<bool>,
    ) -> Vec<JoinHandle<()>> {
        let each = self.sockets.into_iter();
        each.map(|socket| serve(socket, router.clone(), tls.clone(), stop.clone()))
            .collect()
    }
}

/// Serves `router` on `listener` until `stop` turns true.
pub fn serve(
    listener: TcpListener,
    router: Router,
    tls: Arc<rustls::ServerConfig>,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let router = router.layer(axum::middleware::from_fn(
        crate::gateway::listener::mark_secure,
    ));
    let service = router.into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move {
        let incoming = match Incoming::new(listener, tls) {
            Ok(incoming) => incoming,
            Err(error) => {
                tracing::error!(%error, "listener failed");
                return;
            }
        };
        let stopped = async move {
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let serving = axum::serve(incoming, service).with_graceful_shutdown(stopped);
        if let Err(error) = serving.await {
            tracing::error!(%error, "listener failed");
        }
    })
}

/// Everything that the origin serves besides its control routes.
#[derive(Clone)]
pub struct Front {
    /// WebSocket APIs, one for each stage.
    pub websocket_apis: Vec<WebSocketServer>,
    /// HTTP APIs, one for each stage. The distribution is in front of the first.
    pub http_apis: Vec<HttpServer>,
    /// The page.
    pub page: Option<Page>,
    /// The CloudFront distribution in front of page and API.
    pub distribution: Option<Distribution>,
}

/// Routes a request to a WebSocket API, an HTTP API or the page.
pub async fn front(
    State(front): State<Front>,
    ConnectInfo(Peer { address, .. }): ConnectInfo<Peer>,
    mut request: Request,
) -> Response<Body> {
    for sockets in &front.websocket_apis {
        match sockets.answer(request, address).await {
            Ok(response) => return response,
            Err(other) => request = other,
        }
    }
    let path = request.uri().path();
    let method = request.method().as_str();
    let claiming = front.http_apis.iter().position(|api| api.claims(path));
    let api = claiming.or_else(|| {
        // As behind a custom domain, whose paths do not have the stage.
        let mut all = front.http_apis.iter();
        let without_stage = front.page.is_none() || path != "/";
        all.position(|api| without_stage && api.matches(method, path))
    });
    if let Some(index) = api {
        let api = &front.http_apis[index];
        let Some(distribution) = front.distribution.filter(|_| index == 0) else {
            return api.answer(request, address).await;
        };
        let (method, path) = (request.method().clone(), path.to_owned());
        let mut response = match distribution.cached_error(&method, &path) {
            Some(error) => error,
            None => {
                let peer = distribution.pass_on(&mut request, address);
                let response = api.answer(request, peer).await;
                distribution.cache_error(&method, &path, response).await
            }
        };
        distribution.complete_api(&mut response);
        return response;
    }
    let Some(page) = front.page else {
        return not_found();
    };
    let mut response = page.answer(&request.into_parts().0).await;
    if let Some(distribution) = &front.distribution {
        distribution.complete_page(&mut response);
    }
    response
}

fn not_found() -> Response<Body> {
    let body = serde_json::json!({"message": "Not Found"});
    (StatusCode::NOT_FOUND, axum::Json(body)).into_response()
}

/// One HTTP API without the distribution in front of it.
pub fn only(api: HttpServer) -> Router {
    async fn answer(
        State(api): State<HttpServer>,
        ConnectInfo(Peer { address, .. }): ConnectInfo<Peer>,
        request: Request,
    ) -> Response<Body> {
        api.answer(request, address).await
    }
    Router::new().fallback(answer).with_state(api)
}

/// `@connections` of all WebSocket APIs.
pub fn connections(apis: Vec<WebSocketServer>) -> Router {
    async fn answer(State(apis): State<Vec<WebSocketServer>>, request: Request) -> Response<Body> {
        let first = request.uri().path().split('/').nth(1).unwrap_or_default();
        let own = apis.iter().find(|api| api.stage() == first);
        match own.or(apis.first()) {
            Some(api) => api.manage(request).await,
            None => not_found(),
        }
    }
    Router::new().fallback(answer).with_state(apis)
}
