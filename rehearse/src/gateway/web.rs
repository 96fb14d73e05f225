//! The origin that serves the page, the HTTP API, sockets and control routes.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::gateway::distribution::Distribution;
use crate::gateway::http_api::HttpServer;
use crate::services::page::Page;

/// The sockets of the origin, listening but not yet served.
pub struct Listeners {
    port: u16,
    sockets: Vec<TcpListener>,
}

impl Listeners {
    /// Listens on `port` of this machine (0: a free one), by both families of
    /// addresses where there are two, for `localhost` may mean either.
    ///
    /// # Errors
    /// If the port is taken.
    pub async fn bind(port: u16) -> anyhow::Result<Self> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("port {port} is taken: choose another with --port, or 0"))?;
        let port = first.local_addr()?.port();
        let mut sockets = vec![first];
        sockets.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok());
        Ok(Self { port, sockets })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves `router` on all of them until `stop` turns true.
    pub fn serve(self, router: &Router, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
        let each = self.sockets.into_iter();
        each.map(|socket| serve(socket, router.clone(), stop.clone()))
            .collect()
    }
}

/// Serves `router` on `listener` until `stop` turns true; handlers learn the
/// peer's address.
pub fn serve(
    listener: TcpListener,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        let stopped = async move {
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let serving = axum::serve(listener, service).with_graceful_shutdown(stopped);
        if let Err(error) = serving.await {
            tracing::error!(%error, "listener failed");
        }
    })
}

/// Serves every path that no other route matches.
#[derive(Clone)]
pub struct Front {
    /// The HTTP API.
    pub http_api: Option<HttpServer>,
    /// The page.
    pub page: Option<Page>,
    /// The CloudFront distribution in front of both.
    pub distribution: Option<Distribution>,
}

/// Routes a request to the HTTP API or to the page.
pub async fn front(
    State(front): State<Front>,
    ConnectInfo(viewer): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Response<Body> {
    let path = request.uri().path();
    let distribution = front.distribution;
    match (front.http_api, front.page) {
        (Some(api), _) if api.claims(path) => {
            let peer = match &distribution {
                Some(distribution) => distribution.pass_on(&mut request, viewer),
                None => viewer,
            };
            let mut answer = api.answer(request, peer).await;
            if let Some(distribution) = &distribution {
                distribution.complete_api(&mut answer);
            }
            answer
        }
        (_, Some(page)) => {
            let mut answer = page.answer(&request.into_parts().0).await;
            if let Some(distribution) = &distribution {
                distribution.complete_page(&mut answer);
            }
            answer
        }
        _ => (StatusCode::NOT_FOUND, "nothing is served here").into_response(),
    }
}

/// The HTTP API without the distribution in front of it.
pub fn straight_to(api: HttpServer) -> Router {
    Router::new().fallback(straight).with_state(api)
}

async fn straight(
    State(api): State<HttpServer>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    api.answer(request, peer).await
}
