//! API Gateway's `@connections`: posts frames to sockets and closes them.
//!
//! Requests are built and signed here, because with AWS's SDK each post takes more
//! than four times the CPU time (`examples/posts.rs`). In the cloud they share one
//! HTTP/2 connection.

mod endpoint;
mod signature;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use env::Variables;
use futures_util::{StreamExt, stream};
use http::{Method, StatusCode};
use protocol::ServerFrame;
use telemetry::Metric;
use tokio::time::{Instant, sleep, timeout_at};

use endpoint::Endpoint;
use signature::{Credentials, Payload, Signer};

/// Concurrent posts, as many as API Gateway accepts on one HTTP/2 connection.
const CONCURRENT_POSTS: usize = 128;
/// Sockets that must answer 429 before a fan-out concludes that the gateway is
/// overloaded.
const MIN_BUSY_SOCKETS: usize = 8;
/// Attempts of a request that fails with 429 or 5xx.
const ATTEMPTS: u32 = 4;
/// The first wait between two attempts; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// Within the 29 s of the WebSocket API's integration. Clients that were not reached
/// catch up with their next `ping`.
const FAN_OUT_LIMIT: Duration = Duration::from_secs(20);
const BUSY: &str = "busy";
const REJECTED: &str = "rejected by the endpoint";
const ATTEMPT_LIMIT: Duration = Duration::from_secs(2);
/// All attempts together.
const POST_LIMIT: Duration = Duration::from_secs(5);

pub struct Settings {
    /// `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`, the SDKs' standard variable:
    /// the API's URL with its stage.
    pub endpoint: String,
    region: String,
    credentials: Credentials,
}

impl Settings {
    /// Reads the endpoint, and the region and credentials that Lambda sets.
    pub fn from_variables(variables: &mut Variables) -> Self {
        Self {
            endpoint: variables.url(
                "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
                &["https", "http"],
            ),
            region: variables.text("AWS_REGION"),
            credentials: Credentials {
                access_key_id: variables.text("AWS_ACCESS_KEY_ID"),
                secret_access_key: variables.text("AWS_SECRET_ACCESS_KEY"),
                session_token: variables.text("AWS_SESSION_TOKEN"),
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    Delivered,
    /// The connection no longer exists.
    Gone,
    /// Not delivered in time; the client catches up later.
    Failed,
    /// API Gateway was too busy at every attempt.
    Busy,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Connections {
    endpoint: Endpoint,
    region: String,
    credentials: Credentials,
}

impl Connections {
    /// Connects at the first post. Fails if the endpoint is not a URL.
    pub fn new(settings: Settings) -> anyhow::Result<Self> {
        Ok(Self {
            endpoint: Endpoint::new(&settings.endpoint)?,
            region: settings.region,
            credentials: settings.credentials,
        })
    }

    pub async fn post(&self, connection: &str, frame: &ServerFrame) -> Posted {
        self.post_payload(&self.signer(), connection, &encode(frame))
            .await
    }

    /// Posts one frame, serialized once, to many sockets, and returns the ids of
    /// those that are gone. Ephemeral frames (typing, read marks, presence) are
    /// tried once, and skipped while API Gateway is overloaded.
    pub async fn fan_out(&self, connections: Vec<String>, frame: &ServerFrame) -> Vec<String> {
        let begun = Instant::now();
        let payload = encode(frame);
        let posts = connections
            .into_iter()
            .map(|connection| (connection, payload.clone()));
        let gone = self.deliver(posts).await;
        telemetry::count(Metric::FanOutTime, begun.elapsed().as_millis() as u64);
        gone
    }

    /// Posts several frames, each to its socket, and returns the ids of the sockets
    /// that are gone.
    pub async fn post_all(&self, frames: Vec<(String, ServerFrame)>) -> Vec<String> {
        let posts = frames
            .into_iter()
            .map(|(connection, frame)| (connection, encode(&frame)));
        self.deliver(posts).await
    }

    /// Returns those of these sockets that are gone. Sends nothing to clients.
    pub async fn probe(&self, connections: Vec<String>) -> Vec<String> {
        let signer = &self.signer();
        let mut nothing = Payload::new(Bytes::new());
        nothing.is_ephemeral = true;
        let nothing = &nothing;
        stream::iter(connections)
            .map(|connection| async move {
                let found = self.send(signer, Method::GET, &connection, nothing).await;
                (found == Posted::Gone).then_some(connection)
            })
            .buffer_unordered(CONCURRENT_POSTS)
            .filter_map(|gone| async move { gone })
            .collect()
            .await
    }

    /// Closes sockets; a socket that is gone counts as closed.
    pub async fn close(&self, connections: &[String]) {
        let signer = &self.signer();
        let nothing = &Payload::new(Bytes::new());
        stream::iter(connections)
            .for_each_concurrent(CONCURRENT_POSTS, |connection| async move {
                self.send(signer, Method::DELETE, connection, nothing).await;
            })
            .await;
    }

    async fn deliver(&self, posts: impl Iterator<Item = (String, Payload)>) -> Vec<String> {
        let signer = &self.signer();
        let load = &Load::default();
        stream::iter(posts)
            .map(|(connection, payload)| async move {
                if payload.is_ephemeral && load.is_too_high() {
                    return None;
                }
                let posted = self.post_payload(signer, &connection, &payload).await;
                load.count(posted);
                (posted == Posted::Gone).then_some(connection)
            })
            .buffer_unordered(CONCURRENT_POSTS)
            .take_until(sleep(FAN_OUT_LIMIT))
            .filter_map(|gone| async move { gone })
            .collect()
            .await
    }

    async fn post_payload(
        &self,
        signer: &Signer<'_>,
        connection: &str,
        payload: &Payload,
    ) -> Posted {
        let posted = self.send(signer, Method::POST, connection, payload).await;
        let metric = match posted {
            Posted::Delivered => Metric::Deliveries,
            Posted::Gone => Metric::SocketsGone,
            Posted::Failed | Posted::Busy => Metric::DeliveriesFailed,
        };
        telemetry::count(metric, 1);
        posted
    }

    /// Retries with backoff, until [`POST_LIMIT`].
    async fn send(
        &self,
        signer: &Signer<'_>,
        method: Method,
        connection: &str,
        payload: &Payload,
    ) -> Posted {
        let deadline = Instant::now() + POST_LIMIT;
        let mut wait = FIRST_WAIT;
        let attempts = if payload.is_ephemeral { 1 } else { ATTEMPTS };
        let mut reason = "";
        for round in 1..=attempts {
            let end = deadline.min(Instant::now() + ATTEMPT_LIMIT);
            let request = self.endpoint.request(signer, &method, connection, payload);
            let answered = timeout_at(end, self.endpoint.send(request)).await;
            reason = match answered {
                Ok(Ok(status)) if status.is_success() => return Posted::Delivered,
                Ok(Ok(StatusCode::GONE)) => return Posted::Gone,
                Ok(Ok(status)) if is_transient(status) => BUSY,
                Ok(Ok(_)) => REJECTED,
                Ok(Err(_)) => "no connection to the endpoint",
                Err(_) => "timeout",
            };
            let next = Instant::now() + jittered(wait);
            if reason == REJECTED || round == attempts || next >= deadline {
                break;
            }
            tokio::time::sleep_until(next).await;
            wait *= 2;
        }
        tracing::warn!(reason, %method, "could not reach socket");
        match reason {
            BUSY => Posted::Busy,
            _ => Posted::Failed,
        }
    }

    fn signer(&self) -> Signer<'_> {
        Signer::new(&self.credentials, &self.region, SystemTime::now())
    }
}

/// Results of the posts of one fan-out. API Gateway answers 429 both to a rate that
/// is too high, which affects every socket, and for a client whose own buffer is
/// full, which affects only that socket.
#[derive(Default)]
struct Load {
    busy: AtomicUsize,
    accepted: AtomicUsize,
}

impl Load {
    fn count(&self, posted: Posted) {
        let counter = match posted {
            Posted::Busy => &self.busy,
            _ => &self.accepted,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn is_too_high(&self) -> bool {
        let busy = self.busy.load(Ordering::Relaxed);
        busy >= MIN_BUSY_SOCKETS && busy * 4 > self.accepted.load(Ordering::Relaxed)
    }
}

/// Whether the same request may succeed in a moment.
fn is_transient(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// Between half of `wait` and all of it, so that clients that failed together do
/// not retry together.
fn jittered(wait: Duration) -> Duration {
    let half = wait / 2;
    half + half.mul_f64(fastrand::f64())
}

fn encode(frame: &ServerFrame) -> Payload {
    let bytes = serde_json::to_vec(frame).expect("frames are plain data");
    let is_ephemeral = matches!(
        frame,
        ServerFrame::Typing { .. } | ServerFrame::Read { .. } | ServerFrame::Presence { .. }
    );
    let mut payload = Payload::new(bytes.into());
    payload.is_ephemeral = is_ephemeral;
    payload
}
