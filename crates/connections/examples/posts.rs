//! What one post costs its client, as `push` makes it and as AWS's SDK does:
//! `cargo run --release -p push --example posts`.
//!
//! The SDK speaks HTTP/1.1 where there is no TLS, and HTTP/2 in the cloud; so it
//! is measured over both. Only processor time of the thread that posts counts: the
//! endpoint, which takes everything, has a thread of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use aws_sdk_apigatewaymanagement::Config;
use aws_sdk_apigatewaymanagement::config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::config::{
    BehaviorVersion, Credentials, Region, SharedHttpClient,
};
use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http as smithy;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use connections::{Connections, Settings};
use env::Variables;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use protocol::{Message, ServerFrame, User};
use rustix::time::{ClockId, clock_gettime};
use tokio::net::TcpListener;

/// How many posts are measured.
const POSTS: usize = 20_000;
/// Posts before, so that connecting is not measured.
const FIRST_POSTS: usize = 1_000;
/// As many as `push` has under way.
const POSTS_AT_ONCE: usize = 128;
/// How long a frame is.
const FRAME_BYTES: usize = 200;

const REGION: &str = "eu-central-1";
/// Placeholder for key and secret.
const SECRET: &str = "example";
/// How long the session token is, about as long as Lambda's.
const TOKEN_BYTES: usize = 1_000;

fn main() -> anyhow::Result<()> {
    let taken = Arc::new(AtomicUsize::new(0));
    let endpoint = format!("http://{}/socket", serve(Arc::clone(&taken))?);
    println!("{POSTS} posts of {FRAME_BYTES} bytes, {POSTS_AT_ONCE} at once");

    let (push, frame) = (&push(&endpoint)?, &frame()?);
    measure("push, HTTP/2", &taken, async |ids| {
        push.fan_out(ids, frame).await;
    })?;
    let bytes = &Bytes::from(serde_json::to_vec(frame)?);
    for (name, http) in [("SDK, HTTP/2", http2()), ("SDK, HTTP/1.1", http1())] {
        let client = &sdk(&endpoint, http);
        measure(name, &taken, async |ids| {
            stream::iter(ids)
                .map(|id| {
                    let post = client.post_to_connection().connection_id(id);
                    post.data(Blob::new(bytes.clone())).send()
                })
                .buffer_unordered(POSTS_AT_ONCE)
                .for_each(async |_| {})
                .await;
        })?;
    }
    Ok(())
}

/// Posts to many sockets on a runtime as a function has it, and says what each
/// post took.
fn measure(
    name: &str,
    taken: &AtomicUsize,
    post_to: impl AsyncFn(Vec<String>),
) -> anyhow::Result<()> {
    let ids = |count| (0..count).map(|n| format!("connection{n:06}=")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(post_to(ids(FIRST_POSTS)));
    let ids = ids(POSTS);
    let (before, begun, busy) = (taken.load(Ordering::Relaxed), Instant::now(), busy()?);
    runtime.block_on(post_to(ids));
    let (busy, passed) = (self::busy()? - busy, begun.elapsed());
    let posts = taken.load(Ordering::Relaxed) - before;
    anyhow::ensure!(posts == POSTS, "{name}: {posts} posts arrived");
    println!(
        "{name:<14} {:>6.0} posts/s {:>6.1} µs of CPU a post",
        POSTS as f64 / passed.as_secs_f64(),
        busy.as_secs_f64() * 1e6 / POSTS as f64
    );
    Ok(())
}

/// How long this thread has been running on a processor.
fn busy() -> anyhow::Result<Duration> {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).context("a negative time")
}

/// An endpoint on a thread of its own that counts what it takes, speaking HTTP/1.1
/// and HTTP/2 as the runner does.
fn serve(taken: Arc<AtomicUsize>) -> anyhow::Result<SocketAddr> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let take = async move |_: Bytes| {
        taken.fetch_add(1, Ordering::Relaxed);
    };
    let router = Router::new().route("/socket/@connections/{id}", post(take));
    std::thread::spawn(move || runtime.block_on(async { axum::serve(listener, router).await }));
    Ok(address)
}

/// A message of `FRAME_BYTES` once it is JSON.
fn frame() -> anyhow::Result<ServerFrame> {
    let mut message = Message {
        room: "room".to_owned(),
        seq: 1,
        id: "message".to_owned(),
        from: User {
            id: "ann".to_owned(),
            name: "Ann".to_owned(),
        },
        text: String::new(),
        at: protocol::Timestamp::from_secs(1_800_000_000),
        ..Message::default()
    };
    let bare = serde_json::to_vec(&ServerFrame::Message(message.clone()))?.len();
    message.text = "x".repeat(FRAME_BYTES - bare);
    Ok(ServerFrame::Message(message))
}

fn token() -> String {
    "t".repeat(TOKEN_BYTES)
}

fn push(endpoint: &str) -> anyhow::Result<Connections> {
    let mut variables = Variables::new(
        [
            ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", endpoint),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", SECRET),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_SESSION_TOKEN", &token()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    Connections::new(Settings::from_variables(&mut variables))
}

/// AWS's client with the tries and times that `push` has.
fn sdk(endpoint: &str, http: SharedHttpClient) -> aws_sdk_apigatewaymanagement::Client {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(5))
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(Duration::from_millis(50));
    let keys = Credentials::new(SECRET, SECRET, Some(token()), None, "example");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(REGION))
        .credentials_provider(keys)
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(retries)
        .build();
    aws_sdk_apigatewaymanagement::Client::from_conf(config)
}

/// The SDK's own HTTP client.
fn http1() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// Below the SDK, what is below `push`: hyper's client over one HTTP/2 connection.
fn http2() -> SharedHttpClient {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let hyper = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build(tcp);
    let connector = smithy::SharedHttpConnector::new(Http2(hyper));
    smithy::http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct Http2(Client<HttpConnector, Full<Bytes>>);

impl smithy::HttpConnector for Http2 {
    fn call(&self, request: HttpRequest) -> smithy::HttpConnectorFuture {
        let client = self.0.clone();
        smithy::HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?
                .map(|body| Full::new(Bytes::copy_from_slice(body.bytes().unwrap_or_default())));
            let (parts, body) = client
                .request(request)
                .await
                .map_err(|error| ConnectorError::io(error.into()))?
                .into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| ConnectorError::io(error.into()))?;
            let answer = http::Response::from_parts(parts, body.to_bytes().into());
            HttpResponse::try_from(answer)
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
