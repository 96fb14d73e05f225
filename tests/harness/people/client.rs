//! An HTTP client with its own source address, since the service limits requests by
//! address.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::response::Response;
use crate::schema;
use crate::stack::{Kind, Ready, Secrets, Stack};

/// Sends requests to one stack from one source address.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    origin: String,
    port: u16,
    source: Option<IpAddr>,
    secrets: Arc<Secrets>,
    bearer: Option<String>,
    headers: Vec<(&'static str, String)>,
}

/// A client for the runner's control routes, at the default source address.
pub fn machine_client(ready: &Ready) -> reqwest::Client {
    builder(ready.port(), None)
        .build()
        .expect("a client without TLS can always be made")
}

impl Client {
    /// A client at `source` without a token.
    pub fn new(stack: &Stack, source: IpAddr) -> Self {
        let ready = stack.ready();
        let source = Some(source).filter(|source| can_be_used(*source));
        Self {
            http: builder(ready.port(), source)
                .build()
                .expect("a client without TLS can always be made"),
            origin: ready.web.trim_end_matches('/').to_owned(),
            port: ready.port(),
            source,
            secrets: Arc::clone(&stack.secrets),
            bearer: None,
            headers: Vec::new(),
        }
    }

    /// The same client with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            bearer: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same source address without token and headers.
    #[must_use]
    pub fn without_token(&self) -> Self {
        Self {
            bearer: None,
            headers: Vec::new(),
            ..self.clone()
        }
    }

    /// The same client with a cookie, `name=value`.
    #[must_use]
    pub fn with_cookie(&self, cookie: &str) -> Self {
        self.with_header("cookie", cookie)
    }

    /// The same client with one more header.
    #[must_use]
    pub fn with_header(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name, value.to_owned()));
        client
    }

    /// The same client with requests to the HTTP API instead of CloudFront.
    #[must_use]
    pub fn bypassing_cloudfront(&self, stack: &Stack) -> Self {
        Self {
            origin: stack.ready().execute_api,
            ..self.clone()
        }
    }

    /// The origin of page and API.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The port of the origin.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The source address, unless it is the default one.
    pub fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// The secrets that must not be logged.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, None).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Response {
        self.send(Method::DELETE, path, None).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.post_text(path, body.to_string()).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Response {
        self.send(Method::PATCH, path, Some(body.to_string())).await
    }

    /// `POST` without a body.
    pub async fn post_empty(&self, path: &str) -> Response {
        self.send(Method::POST, path, None).await
    }

    /// `POST` with any text as `application/json`.
    pub async fn post_text(&self, path: &str, body: String) -> Response {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<String>) -> Response {
        self.try_send(method.clone(), path, body)
            .await
            .unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// Any request to a service that may be unavailable.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> reqwest::Result<Response> {
        let request_line = format!("{method} {path}");
        let url = format!("{}{path}", self.origin);
        let mut request = self.http.request(method.clone(), url);
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            if !self.headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        let body = match serde_json::from_str(&text) {
            Ok(body) => body,
            Err(_) if text.is_empty() => Value::Null,
            Err(_) => Value::String(text),
        };
        let response = Response {
            request: request_line,
            status,
            headers,
            body,
        };
        self.note_secrets(&response);
        if let Some(error) = schema::error_of(&method, path, status, &response.body) {
            panic!("against docs/openapi.json: {error}");
        }
        Ok(response)
    }

    fn note_secrets(&self, response: &Response) {
        if response.status.is_client_error() || response.status.is_server_error() {
            self.secrets.record_refusal(&response.body.to_string());
        }
        if let Some(token) = response.body["access_token"].as_str() {
            self.secrets.note(Kind::Token, token);
        }
        for cookie in response.headers.get_all("set-cookie") {
            let pair = cookie.to_str().unwrap_or_default().split(';').next();
            if let Some((_, value)) = pair.and_then(|pair| pair.split_once('=')) {
                self.secrets.note(Kind::Token, value);
            }
        }
    }
}

fn builder(port: u16, source: Option<IpAddr>) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .local_address(source)
        .resolve("localhost", SocketAddr::from(([127, 0, 0, 1], port)))
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(40))
}

/// Linux accepts all of 127.0.0.0/8; other systems only 127.0.0.1, where the limits
/// per source address then apply to all clients together.
fn can_be_used(source: IpAddr) -> bool {
    TcpListener::bind((source, 0)).is_ok()
}
