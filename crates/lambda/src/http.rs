//! HTTP requests in API Gateway's payload format 2.0.

use anyhow::Context as _;
use domain::limits::BODY_BYTES;
use domain::{Source, Timestamp, ValidationError};
use env::Variables;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, RETRY_AFTER, USER_AGENT};
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt, service_fn};
use lambda_runtime::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client_ip::ClientIps;
use crate::csrf::SiteOrigin;
use crate::environment::{self, Started};
use crate::invocation::End;
use crate::json;
use crate::status::status;
use crate::{ApiError, Result};

/// Runs a function that answers HTTP requests. `start` creates its clients,
/// `handle` answers one request.
pub async fn run<App, Handling>(
    start: impl AsyncFnOnce(Variables) -> anyhow::Result<App>,
    handle: impl Fn(&'static App, Request) -> Handling,
) -> Result<(), Error>
where
    App: Sync + 'static,
    Handling: Future<Output = Result<Response>> + Send + 'static,
{
    let Started { app, recorder } = environment::start(async |mut variables| {
        let client_ips = ClientIps::from_variables(&mut variables);
        let site = SiteOrigin::from_variables(&mut variables);
        Ok((start(variables).await?, client_ips, site))
    })
    .await?;
    let (app, client_ips, site) = app;
    lambda_http::run(service_fn(|event: lambda_http::Request| {
        let invocation = recorder.begin(&event.lambda_context());
        let request = Request::new(event, client_ips);
        let route = request.route.clone();
        let handling = request.check(site).map(|()| handle(app, request));
        async move {
            let outcome = match handling {
                Ok(handling) => handling.await,
                Err(error) => Err(error),
            };
            let end = match &outcome {
                Ok(response) => End::Ok(Some(response.status)),
                Err(error) => End::Error(error, Some(status(error))),
            };
            invocation.end(&route, &end);
            respond(outcome)
        }
    }))
    .await
}

pub struct Request {
    route: String,
    event: lambda_http::Request,
    too_large: bool,
    source: Source,
    pub now: Timestamp,
}

impl Request {
    pub fn new(event: lambda_http::Request, client_ips: &ClientIps) -> Self {
        let (route, peer) = match event.request_context() {
            RequestContext::ApiGatewayV2(context) => (
                context.route_key.unwrap_or_default(),
                context.http.source_ip.unwrap_or_default(),
            ),
            _ => Default::default(),
        };
        let source = client_ips.source(event.headers(), &peer);
        let too_large = event.body().len() > BODY_BYTES;
        Self {
            route,
            event,
            too_large,
            source,
            now: environment::now(),
        }
    }

    /// Refuses what no handler has to look at.
    fn check(&self, site: &SiteOrigin) -> Result<()> {
        if self.too_large {
            return Err(ApiError::TooLarge);
        }
        let has_body = matches!(
            *self.event.method(),
            Method::POST | Method::PUT | Method::PATCH
        ) && !self.event.body().is_empty();
        site.check(&self.route, self.event.headers(), has_body)
    }

    /// The route as the template names it, such as `POST /api/rooms`.
    pub fn route(&self) -> &str {
        &self.route
    }

    pub fn body<T: DeserializeOwned>(&self) -> Result<T, ValidationError> {
        json::json(self.event.body())
    }

    /// A path parameter, such as `room`; empty if the route has no such parameter.
    pub fn path(&self, name: &str) -> String {
        self.event
            .path_parameters_ref()
            .and_then(|parameters| parameters.first(name))
            .unwrap_or_default()
            .to_owned()
    }

    pub fn query(&self) -> Vec<(String, String)> {
        self.event
            .query_string_parameters_ref()
            .map(|parameters| {
                parameters
                    .iter()
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect()
            })
            .unwrap_or_default()
    }

    /// The access token of the `Authorization` header.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.header(COOKIE)?
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The address that it comes from, for limits.
    pub fn source(&self) -> Source {
        self.source.clone()
    }

    /// The `User-Agent`, shortened.
    pub fn device(&self) -> String {
        self.header(USER_AGENT)
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect()
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        self.event.headers().get(name)?.to_str().ok()
    }
}

pub struct Response {
    status: u16,
    body: String,
    cookies: Vec<String>,
}

impl Response {
    pub fn ok(body: &impl Serialize) -> Self {
        Self::with(200, body)
    }

    pub fn created(body: &impl Serialize) -> Self {
        Self::with(201, body)
    }

    pub fn accepted(body: &impl Serialize) -> Self {
        Self::with(202, body)
    }

    pub fn no_content() -> Self {
        Self {
            status: 204,
            body: String::new(),
            cookies: Vec::new(),
        }
    }

    /// Adds `Set-Cookie` headers.
    pub fn cookies(mut self, cookies: impl IntoIterator<Item = String>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    fn with(status: u16, body: &impl Serialize) -> Self {
        Self {
            status,
            body: serde_json::to_string(body).expect("answers are plain data"),
            cookies: Vec::new(),
        }
    }
}

fn respond(outcome: Result<Response>) -> Result<lambda_http::Response<Body>, Error> {
    let mut response = lambda_http::Response::builder()
        .header("cache-control", "no-store")
        .header(CONTENT_TYPE, "application/json");
    let (status, body) = match outcome {
        Ok(ok) => {
            for cookie in ok.cookies {
                response = response.header("set-cookie", cookie);
            }
            (ok.status, ok.body)
        }
        Err(error) => {
            if let Some(at) = error.retry_at() {
                let seconds = at
                    .saturating_since(environment::now())
                    .as_millis()
                    .div_ceil(1_000)
                    .max(1) as u64;
                response = response.header(RETRY_AFTER, seconds);
            }
            let body =
                serde_json::to_string(&error.body()).context("error bodies are plain data")?;
            (status(&error), body)
        }
    };
    Ok(response.status(status).body(Body::Text(body))?)
}
