//! An HTTP client at an address of its own, since the service counts by
//! address.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::answer::Answer;
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

/// A client for the runner's own pages, from the machine's usual address.
///
/// # Panics
/// When the machine cannot make HTTP clients at all.
pub fn machine_client(ready: &Ready) -> reqwest::Client {
    builder(ready.port(), None)
        .build()
        .expect("a client without TLS can always be made")
}

impl Client {
    /// A client at `source`, signed in as nobody.
    ///
    /// # Panics
    /// When the machine cannot make HTTP clients at all.
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
    pub fn bearing(&self, token: &str) -> Self {
        Self {
            bearer: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same source address, signed in as nobody.
    #[must_use]
    pub fn clone_without_token(&self) -> Self {
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

    /// The same client, asking the HTTP API itself and not CloudFront.
    #[must_use]
    pub fn past_the_distribution(&self, stack: &Stack) -> Self {
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

    /// The address that requests come from, when it is not the usual one.
    pub fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// What must not be in a log.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_text(path, body.to_string()).await
    }

    /// `POST` without a body.
    pub async fn post_empty(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None).await
    }

    /// `POST` with any text that claims to be JSON.
    pub async fn post_text(&self, path: &str, body: String) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Any request.
    ///
    /// # Panics
    /// When there is no answer at all.
    pub async fn send(&self, method: Method, path: &str, body: Option<String>) -> Answer {
        self.try_send(method.clone(), path, body)
            .await
            .unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// Any request, to a service that may be down.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> reqwest::Result<Answer> {
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
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        let body = match serde_json::from_str(&text) {
            Ok(body) => body,
            Err(_) if text.is_empty() => Value::Null,
            Err(_) => Value::String(text),
        };
        let answer = Answer {
            request: request_line,
            status,
            headers,
            body,
        };
        self.note_secrets(&answer);
        if let Some(fault) = schema::fault_of(&method, path, status, &answer.body) {
            panic!("against docs/openapi.json: {fault}");
        }
        Ok(answer)
    }

    fn note_secrets(&self, answer: &Answer) {
        if answer.status.is_client_error() || answer.status.is_server_error() {
            self.secrets.heard_refusal(&answer.body.to_string());
        }
        if let Some(token) = answer.body["access_token"].as_str() {
            self.secrets.note(Kind::Token, token);
        }
        for cookie in answer.headers.get_all("set-cookie") {
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

/// Linux has all of 127.0.0.0/8; other systems have 127.0.0.1 alone, where the
/// limits per source address then count everybody together.
fn can_be_used(source: IpAddr) -> bool {
    TcpListener::bind((source, 0)).is_ok()
}
