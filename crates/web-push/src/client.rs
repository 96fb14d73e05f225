//! Sending to push services (RFC 8030).

use std::time::Duration;

use bytes::Bytes;
use domain::Timestamp;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use crate::encryption::Keys;
use crate::endpoint::Endpoint;
use crate::resolver::PublicResolver;
use crate::vapid::VapidKey;

const CONNECT_LIMIT: Duration = Duration::from_secs(3);
const REQUEST_LIMIT: Duration = Duration::from_secs(8);
/// When a service that is overloaded or fails says nothing about it.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

/// How soon a device that saves energy is to show a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    Normal,
    High,
}

/// One notification for one device.
pub struct Push<'a> {
    pub endpoint: &'a Endpoint,
    pub keys: &'a Keys,
    pub plaintext: &'a [u8],
    pub topic: &'a str,
    pub urgency: Urgency,
    /// How long the push service keeps it for a device that is not connected.
    pub ttl: Duration,
}

/// What the push service answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    /// The subscription no longer exists.
    Gone,
    /// The service is overloaded, failed or did not answer.
    Retry {
        after: Duration,
    },
    /// The service refuses the request, and would again.
    Refused(u16),
}

pub struct Client {
    key: VapidKey,
    public: legacy::Client<HttpsConnector<HttpConnector<PublicResolver>>, Full<Bytes>>,
    local: legacy::Client<HttpConnector, Full<Bytes>>,
}

impl Client {
    pub fn new(key: VapidKey) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(PublicResolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_LIMIT));
        let tls = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_only()
            .enable_all_versions()
            .wrap_connector(tcp);
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_LIMIT));
        Self {
            key,
            public: legacy::Client::builder(TokioExecutor::new()).build(tls),
            local: legacy::Client::builder(TokioExecutor::new()).build(tcp),
        }
    }

    /// The topic of a room for a device; see [`VapidKey::topic`].
    pub fn topic(&self, device: &str, room: &str) -> String {
        self.key.topic(device, room)
    }

    /// Sends one notification. Redirects are not followed, and bodies of responses are not
    /// read.
    pub async fn send(&self, push: &Push<'_>, now: Timestamp) -> Outcome {
        let Some(request) = self.request(push, now) else {
            return Outcome::Refused(0);
        };
        let answered = match push.endpoint.is_local {
            true => timeout(REQUEST_LIMIT, self.local.request(request)).await,
            false => timeout(REQUEST_LIMIT, self.public.request(request)).await,
        };
        match answered {
            Ok(Ok(response)) => outcome(response.status(), response.headers()),
            Ok(Err(_)) | Err(_) => Outcome::Retry {
                after: DEFAULT_WAIT,
            },
        }
    }

    fn request(&self, push: &Push<'_>, now: Timestamp) -> Option<Request<Full<Bytes>>> {
        let message = push.keys.encrypt(push.plaintext).ok()?;
        let urgency = match push.urgency {
            Urgency::Normal => "normal",
            Urgency::High => "high",
        };
        Request::builder()
            .method(Method::POST)
            .uri(push.endpoint.uri.clone())
            .header(
                AUTHORIZATION,
                self.key.authorization(&push.endpoint.origin(), now),
            )
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("ttl", push.ttl.as_secs())
            .header("topic", push.topic)
            .header("urgency", urgency)
            .body(Full::new(message.into()))
            .ok()
    }
}

fn outcome(status: StatusCode, headers: &HeaderMap) -> Outcome {
    match status {
        status if status.is_success() => Outcome::Accepted,
        StatusCode::NOT_FOUND | StatusCode::GONE => Outcome::Gone,
        StatusCode::TOO_MANY_REQUESTS => retry(headers),
        status if status.is_server_error() => retry(headers),
        status => Outcome::Refused(status.as_u16()),
    }
}

fn retry(headers: &HeaderMap) -> Outcome {
    let seconds = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    Outcome::Retry {
        after: seconds.map_or(DEFAULT_WAIT, Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_sent_gone_to_be_retried_or_refused() {
        let none = HeaderMap::new();
        let status = |code| outcome(StatusCode::from_u16(code).unwrap(), &none);
        let later = Outcome::Retry {
            after: DEFAULT_WAIT,
        };
        for (code, expected) in [
            (201, Outcome::Accepted),
            (404, Outcome::Gone),
            (410, Outcome::Gone),
            (429, later),
            (503, later),
            (307, Outcome::Refused(307)),
            (400, Outcome::Refused(400)),
            (413, Outcome::Refused(413)),
        ] {
            assert_eq!(status(code), expected, "{code}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, 7.into());
        let after = Duration::from_secs(7);
        assert_eq!(
            outcome(StatusCode::TOO_MANY_REQUESTS, &headers),
            Outcome::Retry { after }
        );
    }
}
