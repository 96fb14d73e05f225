//! A CloudFront distribution: it replaces the `Host` of requests to the HTTP API,
//! adds the headers that the template gives to requests and responses, and caches errors.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use bytes::Bytes;

use sam_template::application::{self, REGION};

/// The address that the HTTP API sees: one that RFC 5737 reserves for documentation.
const OWN_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)), 443);

const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A running distribution. Cheap to clone.
#[derive(Clone)]
pub struct Distribution(Arc<Inner>);

struct Inner {
    error_caching: BTreeMap<u16, Duration>,
    /// By path alone: neither a query nor a header is part of the key.
    errors: Mutex<HashMap<String, CachedError>>,
    api_host: HeaderValue,
    viewer_address: Vec<HeaderName>,
    api_requests: HeaderMap,
    api_answers: HeaderMap,
    page_answers: HeaderMap,
}

struct CachedError {
    until: Instant,
    response: Response<Bytes>,
}

/// The largest error that is cached.
const ERROR_LIMIT: usize = 1 << 20;

impl Distribution {
    /// Runs what the template says, before the HTTP API `api`.
    ///
    /// # Errors
    /// If a header is invalid.
    pub fn new(from: &application::Distribution, api: &str) -> anyhow::Result<Self> {
        let host = format!("{}.execute-api.{REGION}.amazonaws.com", api.to_lowercase());
        Ok(Self(Arc::new(Inner {
            error_caching: from.error_caching.clone(),
            errors: Mutex::default(),
            api_host: HeaderValue::try_from(host)?,
            viewer_address: from
                .viewer_address_headers
                .iter()
                .map(|name| HeaderName::try_from(name).context("invalid header name"))
                .collect::<anyhow::Result<_>>()?,
            api_requests: headers(&from.api_requests)?,
            api_answers: headers(&from.api_answers)?,
            page_answers: headers(&from.page_answers)?,
        })))
    }

    /// Makes a request of `viewer` what the HTTP API gets; gives the address
    /// that it then comes from.
    pub fn pass_on(&self, request: &mut Request, viewer: SocketAddr) -> SocketAddr {
        let headers = request.headers_mut();
        let address = viewer.ip().to_canonical().to_string();
        let forwarded = match headers.get(FORWARDED).and_then(|all| all.to_str().ok()) {
            Some(before) => format!("{before}, {address}"),
            None => address.clone(),
        };
        if let Ok(value) = HeaderValue::try_from(address) {
            for name in &self.0.viewer_address {
                headers.insert(name, value.clone());
            }
        }
        if let Ok(value) = HeaderValue::try_from(forwarded) {
            headers.insert(FORWARDED, value);
        }
        headers.insert(HOST, self.0.api_host.clone());
        overwrite(headers, &self.0.api_requests);
        OWN_ADDRESS
    }

    /// The error that the last request for `path` got, if it is cached.
    pub fn cached_error(&self, method: &Method, path: &str) -> Option<Response<Body>> {
        if !is_cached(method) {
            return None;
        }
        let errors = self.0.errors.lock().expect("no panic while it is locked");
        let cached = errors.get(path)?;
        (Instant::now() < cached.until).then(|| cached.response.clone().map(Body::from))
    }

    /// Caches `response` if it is an error, as CloudFront does whatever the cache policy
    /// and the response itself say.
    pub async fn cache_error(
        &self,
        method: &Method,
        path: &str,
        response: Response<Body>,
    ) -> Response<Body> {
        let caching = self.0.error_caching.get(&response.status().as_u16());
        let (Some(caching), true) = (caching, is_cached(method)) else {
            return response;
        };
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, ERROR_LIMIT).await.unwrap_or_default();
        let response = Response::from_parts(parts, body);
        let now = Instant::now();
        let mut errors = self.0.errors.lock().expect("no panic while it is locked");
        errors.retain(|_, cached| now < cached.until);
        let cached = CachedError {
            until: now + *caching,
            response: response.clone(),
        };
        errors.insert(path.to_owned(), cached);
        response.map(Body::from)
    }

    /// Adds to an answer of the HTTP API.
    pub fn complete_api(&self, answer: &mut Response<Body>) {
        overwrite(answer.headers_mut(), &self.0.api_answers);
    }

    /// Adds to an answer with a file of the page.
    pub fn complete_page(&self, answer: &mut Response<Body>) {
        overwrite(answer.headers_mut(), &self.0.page_answers);
    }
}

fn is_cached(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn overwrite(headers: &mut HeaderMap, with: &HeaderMap) {
    for (name, value) in with {
        headers.insert(name, value.clone());
    }
}

fn headers(from: &std::collections::BTreeMap<String, String>) -> anyhow::Result<HeaderMap> {
    from.iter()
        .map(|(name, value)| {
            let both = (HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
            anyhow::Ok(both)
        })
        .map(|header| header.context("the distribution has an invalid header"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(error_caching: BTreeMap<u16, Duration>) -> Distribution {
        let from = application::Distribution {
            error_caching,
            ..application::Distribution::default()
        };
        Distribution::new(&from, "Api").expect("there are no headers")
    }

    fn unavailable() -> Response<Body> {
        let response = Response::builder().status(503);
        let response = response.header("cache-control", "no-store");
        response.body(Body::from("away")).expect("a response")
    }

    #[tokio::test]
    async fn an_error_is_what_everyone_gets_from_its_path() {
        let caching = BTreeMap::from([(503, Duration::from_secs(10))]);
        let distribution = distribution(caching);
        let get = Method::GET;
        let first = distribution
            .cache_error(&get, "/api/me", unavailable())
            .await;
        let cached = distribution.cached_error(&get, "/api/me");
        for response in [first, cached.expect("it is cached")] {
            assert_eq!(response.status(), 503);
            let body = to_bytes(response.into_body(), 100).await;
            assert_eq!(body.expect("a body"), "away");
        }
        assert!(distribution.cached_error(&get, "/api/rooms").is_none());
        let post = Method::POST;
        assert!(distribution.cached_error(&post, "/api/me").is_none());
        distribution
            .cache_error(&post, "/api/login", unavailable())
            .await;
        assert!(distribution.cached_error(&get, "/api/login").is_none());
    }

    #[tokio::test]
    async fn an_error_that_the_template_forbids_to_cache_is_not_cached() {
        let distribution = distribution(BTreeMap::new());
        let get = Method::GET;
        distribution
            .cache_error(&get, "/api/me", unavailable())
            .await;
        assert!(distribution.cached_error(&get, "/api/me").is_none());
    }
}
