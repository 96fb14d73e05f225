//! The `@connections` endpoint and its HTTP client.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::signature::{Payload, Signer};

/// All but RFC 3986's unreserved characters.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// A connection that does not respond for this long is closed: after a freeze the
/// peer may have dropped it.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// Bytes of a response that are read at most. API Gateway's have less than a kilobyte.
const RESPONSE_BYTES: usize = 64 * 1024;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Endpoint {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    scheme: Scheme,
    authority: Authority,
    /// `/stage/@connections/`, or without the stage.
    path: String,
}

impl Endpoint {
    pub(crate) fn new(address: &str) -> anyhow::Result<Self> {
        let uri: Uri = address.parse().context("the endpoint is not a URL")?;
        let path = uri.path().trim_end_matches('/').to_owned();
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            anyhow::bail!("the endpoint has no host");
        };
        Ok(Self {
            client: client(&scheme),
            scheme,
            authority,
            path: format!("{path}/@connections/"),
        })
    }

    pub(crate) fn request(
        &self,
        signer: &Signer<'_>,
        method: &Method,
        connection: &str,
        payload: &Payload,
    ) -> Request<Full<Bytes>> {
        let id = utf8_percent_encode(connection, ENCODED);
        let path = format!("{}{id}", self.path);
        let signed = signer.sign(method, self.authority.as_str(), &path, payload);
        let uri = Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build();
        let mut request = Request::new(Full::new(payload.bytes.clone()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri.expect("an encoded id is a path");
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, signed.authorization);
        headers.insert("x-amz-date", signed.date);
        headers.insert("x-amz-security-token", signed.token);
        request
    }

    /// Reads the whole response, so that the connection can be reused, unless it is
    /// larger than any of API Gateway's.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<StatusCode> {
        let response = self.client.request(request).await?;
        let status = response.status();
        let mut body = response.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame?.data_ref().map_or(0, Bytes::len);
            if bytes > RESPONSE_BYTES {
                break;
            }
        }
        Ok(status)
    }
}

/// With TLS, HTTP/2 is negotiated; without, it is assumed.
fn client(scheme: &Scheme) -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_LIMIT));
    let connector = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(tcp);
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .http2_only(*scheme == Scheme::HTTP)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .http2_keep_alive_timeout(KEEP_ALIVE)
        .build(connector)
}
