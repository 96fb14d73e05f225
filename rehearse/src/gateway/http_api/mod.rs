//! HTTP APIs: requests are routed to functions.

mod answer;
mod event;
mod routes;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use bytes::Bytes;

use crate::gateway::rate::Rate;
use crate::identifiers;
use crate::lambda::invoker::{InvokeError, Invoker};
use answer::refusal;
use event::Event;
use sam_template::application::HttpApi;

/// The most that a request's body may have: 10 MB.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// The most that request line and headers may have together.
const HEAD_LIMIT: usize = 10_240;

/// One HTTP API. Cheap to clone.
#[derive(Clone)]
pub struct HttpServer {
    api: Arc<HttpApi>,
    invoker: Invoker,
    /// Throttling of the stage.
    rate: Option<Arc<Rate>>,
}

/// The function that a request reaches, and the event that it gets.
pub fn example(api: &HttpApi, method: &str, path: &str, body: &str) -> Option<(String, Bytes)> {
    let (parts, ()) = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:3000")
        .header("content-type", "application/json")
        .header("content-length", body.len())
        .header("user-agent", "curl/8.5.0")
        .body(())
        .ok()?
        .into_parts();
    let selected = routes::select(api, method, parts.uri.path())?;
    let peer = SocketAddr::from(([127, 0, 0, 1], 49_152));
    let body = Bytes::copy_from_slice(body.as_bytes());
    let event = Event::new(&api.id, &selected, &parts, &body, peer, "");
    let payload = serde_json::to_vec(&event).ok()?;
    Some((selected.route.function.clone(), payload.into()))
}

impl HttpServer {
    /// Serves `api` by invoking its functions.
    pub fn new(api: HttpApi, invoker: Invoker) -> Self {
        let rate = api.throttling.as_ref();
        Self {
            rate: rate.map(|limit| Arc::new(Rate::new(limit.per_second, limit.burst))),
            api: Arc::new(api),
            invoker,
        }
    }

    /// Whether `path` is the API's and not the page's: its first segment is one
    /// that a route begins with.
    pub fn claims(&self, path: &str) -> bool {
        let first = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
        let asked = first(path);
        self.api.routes.iter().any(|route| {
            let segment = first(&route.path);
            route.path == "$default" || segment.starts_with('{') || segment == asked
        })
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Body>, peer: SocketAddr) -> Response<Body> {
        let request_id = identifiers::request_id();
        let mut response = self.answer_as(request, peer, &request_id).await;
        if let Ok(id) = HeaderValue::try_from(request_id) {
            response.headers_mut().insert("apigw-requestid", id);
        }
        response
    }

    async fn answer_as(
        &self,
        request: Request<Body>,
        peer: SocketAddr,
        request_id: &str,
    ) -> Response<Body> {
        if self.rate.as_ref().is_some_and(|rate| !rate.allows()) {
            return refusal(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        }
        let (parts, body) = request.into_parts();
        if head_size(&parts) > HEAD_LIMIT {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return refusal(status, "Request Header Fields Too Large");
        }
        if !names_a_host(&parts) {
            return refusal(StatusCode::BAD_REQUEST, "Bad Request");
        }
        let selected = routes::select(&self.api, parts.method.as_str(), parts.uri.path());
        let Some(selected) = selected else {
            return refusal(StatusCode::NOT_FOUND, "Not Found");
        };
        let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let event = Event::new(&self.api.id, &selected, &parts, &body, peer, request_id);
        let payload = serde_json::to_vec(&event).map_or_else(|_| Bytes::new(), Bytes::from);
        let route = selected.route;
        let invocation = self.invoker.invoke(&route.function, payload);
        match tokio::time::timeout(route.timeout, invocation).await {
            Ok(Ok(answer)) => answer::response(&answer).unwrap_or_else(|why| {
                tracing::warn!(
                    function = route.function,
                    reason = why,
                    "invalid function response"
                );
                refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }),
            Ok(Err(InvokeError::Throttled)) => {
                refusal(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests")
            }
            Ok(Err(InvokeError::PayloadTooLarge)) => {
                refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
            }
            Ok(Err(InvokeError::TimedOut(_) | InvokeError::Failed { .. })) => {
                refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
            Err(_) => refusal(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}

/// Whether `Host`, where it is given, is one (RFC 9112, section 3.2).
fn names_a_host(parts: &http::request::Parts) -> bool {
    let host = parts.headers.get(http::header::HOST);
    host.is_none_or(|host| Authority::try_from(host.as_bytes()).is_ok())
}

fn head_size(parts: &http::request::Parts) -> usize {
    let line = parts.method.as_str().len() + parts.uri.to_string().len();
    let headers = parts.headers.iter();
    line + headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum::<usize>()
}
