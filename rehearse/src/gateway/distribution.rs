//! A CloudFront distribution: it replaces the `Host` of requests to the HTTP API
//! and adds the headers that the template gives to requests and responses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};

use sam_template::application::{self, REGION};

/// The address that the HTTP API sees: one that RFC 5737 reserves for documentation.
const OWN_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)), 443);

const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A running distribution. Cheap to clone.
#[derive(Clone)]
pub struct Distribution(Arc<Headers>);

struct Headers {
    api_host: HeaderValue,
    viewer_address: Vec<HeaderName>,
    api_requests: HeaderMap,
    api_answers: HeaderMap,
    page_answers: HeaderMap,
}

impl Distribution {
    /// Runs what the template says, before the HTTP API `api`.
    ///
    /// # Errors
    /// If a header is invalid.
    pub fn new(from: &application::Distribution, api: &str) -> anyhow::Result<Self> {
        let host = format!("{}.execute-api.{REGION}.amazonaws.com", api.to_lowercase());
        Ok(Self(Arc::new(Headers {
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

    /// Adds to an answer of the HTTP API.
    pub fn complete_api(&self, answer: &mut Response<Body>) {
        overwrite(answer.headers_mut(), &self.0.api_answers);
    }

    /// Adds to an answer with a file of the page.
    pub fn complete_page(&self, answer: &mut Response<Body>) {
        overwrite(answer.headers_mut(), &self.0.page_answers);
    }
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
