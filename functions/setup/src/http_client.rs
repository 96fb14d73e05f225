//! HTTP requests to CloudFormation's bucket and to RabbitMQ's management API.

use anyhow::{bail, ensure};
use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

pub(crate) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

pub(crate) fn new() -> HttpClient {
    let connector = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .build();
    Client::builder(TokioExecutor::new()).build(connector)
}

/// Parses an address that is either `https` or on this machine. Errors do not show the
/// address: a `ResponseURL` is itself the right to write there.
pub(crate) fn address(name: &str, url: &str) -> anyhow::Result<Uri> {
    let Ok(address) = url.parse::<Uri>() else {
        bail!("{name} is not a URL");
    };
    let local = matches!(address.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    ensure!(
        address.scheme_str() == Some("https") || local,
        "{name} must be https, or on this machine"
    );
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        assert!(address("URL", "https://bucket.s3.example/key?x=1").is_ok());
        assert!(address("URL", "http://localhost:8080/key").is_ok());
        let refused = address("URL", "http://bucket.example/secret-key").unwrap_err();
        assert!(!refused.to_string().contains("secret-key"));
    }
}
