//! `@connections`: frames to open sockets, through one reused client.
//!
//! The requests are made and signed here rather than by AWS's SDK, with which each
//! of the thousand posts of one message takes over four times the processor time
//! (`examples/posts.rs`). In the cloud they share one HTTP/2 connection.

mod endpoint;
mod signature;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
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

/// How many posts are under way at once. One slow socket holds one of them.
/// API Gateway takes as many on one HTTP/2 connection.
const POSTS_AT_ONCE: usize = 128;
/// The least number of sockets that answer 429 before a fan-out takes it for the
/// gateway's load.
const BUSY_LEAST: usize = 8;
/// How often a post is tried that meets 429 or 5xx, with jitter in between.
const TRIES: u32 = 4;
/// The first wait between two tries; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// How long a fan-out may take: inside the 29 s of the socket's integration. Who
/// was not reached by then asks with the next `ping`.
const FAN_OUT_LIMIT: Duration = Duration::from_secs(20);
/// Why a post failed that meets 429 or 5xx to the end.
const BUSY: &str = "busy";
/// How long one try may take.
const TRY_LIMIT: Duration = Duration::from_secs(2);
/// How long all tries of one post may take together.
const POST_LIMIT: Duration = Duration::from_secs(5);

/// Where `@connections` is, and who may use it.
pub struct Settings {
    /// `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`, the SDKs' standard variable:
    /// the API's address with its stage. A wrong one fails at the first post.
    pub endpoint: String,
    region: String,
    credentials: Credentials,
}

impl Settings {
    /// Reads the endpoint and what Lambda gives every function: region and keys.
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

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// API Gateway took it.
    Delivered,
    /// There is no such connection any more.
    Gone,
    /// It did not get through in time: the client asks for it again.
    Failed,
    /// The gateway was too busy for it, however often it was tried.
    Busy,
}

/// Posts to sockets and closes them. Cheap to clone.
#[derive(Clone)]
pub struct Connections {
    endpoint: Endpoint,
    region: String,
    credentials: Credentials,
}

impl Connections {
    /// Prepares the client; it connects at its first post.
    ///
    /// # Errors
    /// If the endpoint is no address.
    pub fn new(settings: Settings) -> anyhow::Result<Self> {
        Ok(Self {
            endpoint: Endpoint::new(&settings.endpoint)?,
            region: settings.region,
            credentials: settings.credentials,
        })
    }

    /// Posts one frame to one socket.
    pub async fn post(&self, connection: &str, frame: &ServerFrame) -> Posted {
        self.post_payload(&self.signer(), connection, &encode(frame))
            .await
    }

    /// Posts one frame, serialised once, to many sockets, a bounded number at a
    /// time, and gives the ids of those that are gone. What is worth nothing in a
    /// moment (typing, read marks, presence) is tried once, and the rest of it is
    /// left out once the gateway is too busy.
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

    /// Posts several frames, each to its socket, and gives the ids of the
    /// sockets that are gone.
    pub async fn post_all(&self, frames: Vec<(String, ServerFrame)>) -> Vec<String> {
        let posts = frames
            .into_iter()
            .map(|(connection, frame)| (connection, encode(&frame)));
        self.deliver(posts).await
    }

    /// Those of these sockets that are gone. Asking sends nothing to their clients.
    pub async fn probe(&self, connections: Vec<String>) -> Vec<String> {
        let signer = &self.signer();
        let mut nothing = Payload::new(Bytes::new());
        nothing.is_passing = true;
        let nothing = &nothing;
        stream::iter(connections)
            .map(|connection| async move {
                let found = self
                    .persist(signer, Method::GET, &connection, nothing)
                    .await;
                (found == Posted::Gone).then_some(connection)
            })
            .buffer_unordered(POSTS_AT_ONCE)
            .filter_map(|gone| async move { gone })
            .collect()
            .await
    }

    /// Closes sockets. One that is gone already is as good as closed.
    pub async fn close(&self, connections: &[String]) {
        let signer = &self.signer();
        let nothing = &Payload::new(Bytes::new());
        stream::iter(connections)
            .for_each_concurrent(POSTS_AT_ONCE, |connection| async move {
                self.persist(signer, Method::DELETE, connection, nothing)
                    .await;
            })
            .await;
    }

    async fn deliver(&self, posts: impl Iterator<Item = (String, Payload)>) -> Vec<String> {
        let signer = &self.signer();
        let load = &Load::default();
        stream::iter(posts)
            .map(|(connection, payload)| async move {
                if payload.is_passing && load.is_too_high() {
                    return None;
                }
                let posted = self.post_payload(signer, &connection, &payload).await;
                load.count(posted);
                (posted == Posted::Gone).then_some(connection)
            })
            .buffer_unordered(POSTS_AT_ONCE)
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
        let posted = self
            .persist(signer, Method::POST, connection, payload)
            .await;
        let metric = match posted {
            Posted::Delivered => Metric::Deliveries,
            Posted::Gone => Metric::SocketsGone,
            Posted::Failed | Posted::Busy => Metric::DeliveriesFailed,
        };
        telemetry::count(metric, 1);
        posted
    }

    /// Tries until it is known what became of it, or the time is up.
    async fn persist(
        &self,
        signer: &Signer<'_>,
        method: Method,
        connection: &str,
        payload: &Payload,
    ) -> Posted {
        let deadline = Instant::now() + POST_LIMIT;
        let mut wait = FIRST_WAIT;
        let tries = if payload.is_passing { 1 } else { TRIES };
        let mut reason = "";
        for round in 1..=tries {
            let end = deadline.min(Instant::now() + TRY_LIMIT);
            let request = self.endpoint.request(signer, &method, connection, payload);
            let answered = timeout_at(end, self.endpoint.send(request)).await;
            reason = match answered {
                Ok(Ok(status)) if status.is_success() => return Posted::Delivered,
                Ok(Ok(StatusCode::GONE)) => return Posted::Gone,
                Ok(Ok(status)) if is_passing(status) => BUSY,
                Ok(Ok(_)) => "refused by the endpoint",
                Ok(Err(_)) => "no connection to the endpoint",
                Err(_) => "timeout",
            };
            let next = Instant::now() + jittered(wait);
            if reason == "refused by the endpoint" || round == tries || next >= deadline {
                break;
            }
            tokio::time::sleep_until(next).await;
            wait *= 2;
        }
        tracing::warn!(reason, %method, "a socket could not be reached");
        match reason {
            BUSY => Posted::Busy,
            _ => Posted::Failed,
        }
    }

    fn signer(&self) -> Signer<'_> {
        Signer::new(&self.credentials, &self.region, SystemTime::now())
    }
}

/// How the posts of one fan-out ended. API Gateway answers 429 both to a rate that
/// is too high and to a client whose own buffer is full: the first concerns all
/// sockets, the second one.
#[derive(Default)]
struct Load {
    busy: AtomicUsize,
    taken: AtomicUsize,
}

impl Load {
    fn count(&self, posted: Posted) {
        let counter = match posted {
            Posted::Busy => &self.busy,
            _ => &self.taken,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn is_too_high(&self) -> bool {
        let busy = self.busy.load(Ordering::Relaxed);
        busy >= BUSY_LEAST && busy * 4 > self.taken.load(Ordering::Relaxed)
    }
}

/// Whether the same request may be taken in a moment.
fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// Between half of `wait` and all of it, so that those who were refused together
/// do not come back together.
fn jittered(wait: Duration) -> Duration {
    // Each state of the standard hasher has random keys.
    let random = RandomState::new().build_hasher().finish();
    let half = wait / 2;
    half + half.mul_f64((random >> 11) as f64 / (1_u64 << 53) as f64)
}

fn encode(frame: &ServerFrame) -> Payload {
    let bytes = serde_json::to_vec(frame).expect("frames are plain data");
    let is_passing = matches!(
        frame,
        ServerFrame::Typing { .. } | ServerFrame::Read { .. } | ServerFrame::Presence { .. }
    );
    let mut payload = Payload::new(bytes.into());
    payload.is_passing = is_passing;
    payload
}
