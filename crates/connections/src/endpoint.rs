//! Where `@connections` is, and the one client that talks to it.

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

/// RFC 3986's unreserved characters stay as they are.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How long to wait for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// A connection that does not answer for this long while something is under way
/// is given up: after a freeze the other end may have forgotten it.
const SILENCE: Duration = Duration::from_secs(1);

/// The API's address with its stage. Cheap to clone.
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
        let uri: Uri = address.parse().context("the endpoint is no address")?;
        let path = uri.path().trim_end_matches('/').to_owned();
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            anyhow::bail!("the endpoint names no host");
        };
        Ok(Self {
            client: client(&scheme),
            scheme,
            authority,
            path: format!("{path}/@connections/"),
        })
    }

    /// A signed request about one connection.
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

    /// The status of the answer, which has been read to its end.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<StatusCode> {
        let answer = self.client.request(request).await?;
        let status = answer.status();
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            frame?;
        }
        Ok(status)
    }
}

/// With TLS the server says whether it speaks HTTP/2; without, it does.
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
        .http2_keep_alive_interval(SILENCE)
        .http2_keep_alive_timeout(SILENCE)
        .build(connector)
}
