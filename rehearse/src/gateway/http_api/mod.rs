//! HTTP APIs, REST APIs and function URLs: requests are routed to functions.

mod cors;
mod event;
mod event_v1;
mod integration_response;
mod routes;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use bytes::Bytes;
use http::request::Parts;
use sam_template::application::{ApiKind, HttpApi, PayloadFormat};

use crate::gateway::authorizer::{Authorized, Authorizers, Denied};
use crate::gateway::rate::Rate;
use crate::identifiers;
use crate::lambda::invoker::{InvokeError, Invoker};
use event::Event;
use integration_response::error_response;
use routes::Selected;

/// The most that a request's body may have: 10 MB.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// The most that request line and headers may have together.
const HEAD_LIMIT: usize = 10_240;

/// The methods that API Gateway accepts.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// One API on one stage. Cheap to clone.
#[derive(Clone)]
pub struct HttpServer {
    api: Arc<HttpApi>,
    invoker: Invoker,
    authorizers: Authorizers,
    /// Throttling of the stage.
    rate: Option<Arc<Rate>>,
}

/// A request and what the gateway knows about it.
pub struct Incoming<'a> {
    /// The API.
    pub api: &'a HttpApi,
    /// The route.
    pub selected: &'a Selected<'a>,
    /// The request without its body.
    pub parts: &'a Parts,
    /// The path without the stage.
    pub path: &'a str,
    /// The body.
    pub body: &'a Bytes,
    /// The client.
    pub peer: SocketAddr,
    /// The id of the request.
    pub request_id: &'a str,
    /// What the authorizer returned.
    pub authorized: Option<&'a Authorized>,
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
    let body = Bytes::copy_from_slice(body.as_bytes());
    let payload = payload(&Incoming {
        api,
        selected: &selected,
        parts: &parts,
        path: parts.uri.path(),
        body: &body,
        peer: SocketAddr::from(([127, 0, 0, 1], 49_152)),
        request_id: "",
        authorized: None,
    });
    Some((selected.route.function.clone(), payload))
}

fn payload(incoming: &Incoming<'_>) -> Bytes {
    let payload = match incoming.selected.route.payload {
        PayloadFormat::V1 => serde_json::to_vec(&event_v1::event(incoming)),
        PayloadFormat::V2 => serde_json::to_vec(&Event::new(incoming)),
    };
    payload.map_or_else(|_| Bytes::new(), Bytes::from)
}

impl HttpServer {
    /// Serves `api` by invoking its functions.
    pub fn new(api: HttpApi, invoker: Invoker, authorizers: Authorizers) -> Self {
        let rate = api.throttling.as_ref();
        Self {
            rate: rate.map(|limit| Arc::new(Rate::new(limit.per_second, limit.burst))),
            api: Arc::new(api),
            invoker,
            authorizers,
        }
    }

    /// The API.
    pub fn api(&self) -> &HttpApi {
        &self.api
    }

    /// Whether `path` belongs to the API: it is on the stage, or on `$default` its
    /// first segment is one that a route begins with.
    pub fn claims(&self, path: &str) -> bool {
        let first = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
        let asked = first(path);
        if self.api.kind == ApiKind::FunctionUrl {
            return false;
        }
        if self.api.stage != "$default" {
            return asked == self.api.stage;
        }
        self.api.routes.iter().any(|route| {
            let segment = first(&route.path);
            route.path == "$default" || segment.starts_with('{') || segment == asked
        })
    }

    /// Whether a route matches `path` without the name of the stage, as behind a
    /// custom domain.
    pub fn matches(&self, method: &str, path: &str) -> bool {
        self.api.kind != ApiKind::FunctionUrl && routes::select(&self.api, method, path).is_some()
    }

    /// Handles one request.
    pub async fn answer(&self, request: Request<Body>, peer: SocketAddr) -> Response<Body> {
        let request_id = identifiers::request_id();
        let origin = request.headers().get(http::header::ORIGIN).cloned();
        let mut response = self.answer_as(request, peer, &request_id).await;
        if let Some(cors) = &self.api.cors
            && self.api.kind != ApiKind::Rest
        {
            cors::complete(cors, origin.as_ref(), response.headers_mut());
        }
        let header = match self.api.kind {
            ApiKind::Http => "apigw-requestid",
            ApiKind::Rest | ApiKind::FunctionUrl => "x-amzn-requestid",
        };
        if let Ok(id) = HeaderValue::try_from(request_id) {
            response.headers_mut().insert(header, id);
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
            return error_response(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        }
        let (parts, body) = request.into_parts();
        if head_size(&parts) > HEAD_LIMIT {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return error_response(status, "Request Header Fields Too Large");
        }
        if !names_a_host(&parts) {
            return error_response(StatusCode::BAD_REQUEST, "Bad Request");
        }
        if let Some(cors) = &self.api.cors
            && cors::is_preflight(&parts)
        {
            return cors::preflight(cors, &parts, self.api.kind);
        }
        let path = self.without_stage(parts.uri.path()).to_owned();
        let method = parts.method.as_str();
        let selected = METHODS
            .contains(&method)
            .then(|| routes::select(&self.api, method, &path))
            .flatten();
        let Some(selected) = selected else {
            return match self.api.kind {
                ApiKind::Rest => {
                    error_response(StatusCode::FORBIDDEN, "Missing Authentication Token")
                }
                _ => error_response(StatusCode::NOT_FOUND, "Not Found"),
            };
        };
        let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
            return error_response(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let mut incoming = Incoming {
            api: &self.api,
            selected: &selected,
            parts: &parts,
            path: &path,
            body: &body,
            peer,
            request_id,
            authorized: None,
        };
        let authorized = match self.authorize(&incoming).await {
            Ok(authorized) => authorized,
            Err(denied) => return self.denied(denied),
        };
        incoming.authorized = authorized.as_ref();
        self.integrate(&selected, payload(&incoming)).await
    }

    /// The path that routes are matched against.
    fn without_stage<'p>(&self, path: &'p str) -> &'p str {
        let stage = &self.api.stage;
        match path
            .strip_prefix('/')
            .and_then(|rest| rest.strip_prefix(stage.as_str()))
        {
            Some("") => "/",
            Some(rest) if rest.starts_with('/') => rest,
            _ => path,
        }
    }

    async fn authorize(&self, incoming: &Incoming<'_>) -> Result<Option<Authorized>, Denied> {
        let Some(authorizer) = &incoming.selected.route.authorizer else {
            return Ok(None);
        };
        let method = incoming.parts.method.as_str();
        let route = format!("{method}{}", incoming.path);
        let event = |format| match format {
            PayloadFormat::V1 => event_v1::event(incoming),
            PayloadFormat::V2 => serde_json::to_value(Event::new(incoming)).unwrap_or_default(),
        };
        let request = crate::gateway::authorizer::Request {
            api: &self.api.id,
            stage: &self.api.stage,
            route: &route,
            service: match self.api.kind {
                ApiKind::FunctionUrl => "lambda",
                _ => "execute-api",
            },
            parts: incoming.parts,
            body: incoming.body,
            event: &event,
        };
        self.authorizers
            .authorize(authorizer, &request)
            .await
            .map(Some)
    }

    fn denied(&self, denied: Denied) -> Response<Body> {
        let rest = self.api.kind == ApiKind::Rest;
        match denied {
            Denied::Unauthorized => error_response(StatusCode::UNAUTHORIZED, "Unauthorized"),
            Denied::Forbidden if rest => error_response(
                StatusCode::FORBIDDEN,
                "User is not authorized to access this resource",
            ),
            Denied::Forbidden => error_response(StatusCode::FORBIDDEN, "Forbidden"),
            Denied::Failed => {
                error_response(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }

    async fn integrate(&self, selected: &Selected<'_>, payload: Bytes) -> Response<Body> {
        let route = selected.route;
        let invocation = self.invoker.invoke(&route.function, payload);
        let rest = self.api.kind == ApiKind::Rest;
        let failed = || match self.api.kind {
            ApiKind::Http => {
                error_response(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
            ApiKind::Rest => error_response(StatusCode::BAD_GATEWAY, "Internal server error"),
            ApiKind::FunctionUrl => {
                error_response(StatusCode::BAD_GATEWAY, "Internal Server Error")
            }
        };
        match tokio::time::timeout(route.timeout, invocation).await {
            Ok(Ok(answer)) => {
                let response = match route.payload {
                    PayloadFormat::V1 => integration_response::response_v1(&answer, self.api.kind),
                    PayloadFormat::V2 => integration_response::response_v2(&answer),
                };
                response.unwrap_or_else(|why| {
                    tracing::warn!(
                        function = route.function,
                        reason = why,
                        "invalid function response"
                    );
                    failed()
                })
            }
            Ok(Err(InvokeError::Throttled)) if rest => failed(),
            Ok(Err(InvokeError::Throttled)) => {
                error_response(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests")
            }
            Ok(Err(InvokeError::PayloadTooLarge)) => {
                error_response(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
            }
            Ok(Err(InvokeError::TimedOut(_) | InvokeError::Failed { .. })) => failed(),
            Err(_) if rest => {
                error_response(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out")
            }
            Err(_) => error_response(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}

/// Whether the request names a valid host, in `Host` or as the authority of its URI
/// (RFC 9112, section 3.2).
fn names_a_host(parts: &Parts) -> bool {
    match parts.headers.get(http::header::HOST) {
        Some(host) => Authority::try_from(host.as_bytes()).is_ok(),
        None => parts.uri.authority().is_some(),
    }
}

fn head_size(parts: &Parts) -> usize {
    let line = parts.method.as_str().len() + parts.uri.to_string().len();
    let headers = parts.headers.iter();
    line + headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum::<usize>()
}

/// The values of a query by name, percent-decoded, in the order of the query.
pub fn query_values(query: &str) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let [name, value] = [name, value].map(|text| routes::decoded(&text.replace('+', " ")));
        values.entry(name).or_default().push(value);
    }
    values
}
