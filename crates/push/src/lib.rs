//! `@connections`: frames to open sockets, through one reused client.

use std::time::{Duration, Instant};

use aws_sdk_apigatewaymanagement::config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_apigatewaymanagement::error::SdkError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_sdk_apigatewaymanagement::{Client, Config};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use bytes::Bytes;
use domain::settings::Variables;
use futures_util::{StreamExt, stream};
use telemetry::Metric;
use wire::ServerFrame;

/// How many posts are under way at once. One slow socket holds one of them.
const POSTS_AT_ONCE: usize = 64;
/// How often a post is tried that meets 429 or 5xx, with jitter in between.
const TRIES: u32 = 4;
/// The first wait between two tries; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// How long a fan-out may take: inside the 29 s of the socket's integration. Who
/// was not reached by then asks with the next `ping`.
const FAN_OUT_LIMIT: Duration = Duration::from_secs(20);
/// How long one try may take.
const TRY_LIMIT: Duration = Duration::from_secs(2);
/// How long all tries of one post may take together.
const POST_LIMIT: Duration = Duration::from_secs(5);

/// Where `@connections` is, and who may use it.
pub struct Settings {
    /// `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`, the SDKs' standard variable:
    /// the API's address with its stage. With a wrong one nobody hears anything.
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
            credentials: Credentials::new(
                variables.text("AWS_ACCESS_KEY_ID"),
                variables.text("AWS_SECRET_ACCESS_KEY"),
                Some(variables.text("AWS_SESSION_TOKEN")),
                None,
                "environment",
            ),
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
}

/// Posts to sockets and closes them. Cheap to clone.
#[derive(Clone)]
pub struct Push {
    client: Client,
}

impl Push {
    /// Prepares the client; it connects at its first post.
    pub fn new(settings: Settings) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(TRY_LIMIT)
            .operation_timeout(POST_LIMIT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(TRIES)
            .with_initial_backoff(FIRST_WAIT);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(settings.endpoint)
            .region(Region::new(settings.region))
            .credentials_provider(settings.credentials)
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(retries)
            .build();
        Self {
            client: Client::from_conf(config),
        }
    }

    /// Posts one frame to one socket.
    pub async fn post(&self, connection: &str, frame: &ServerFrame) -> Posted {
        self.post_bytes(connection, encode(frame)).await
    }

    /// Posts one frame, serialised once, to many sockets, a bounded number at a
    /// time, and gives the ids of those that are gone.
    pub async fn fan_out(&self, connections: Vec<String>, frame: &ServerFrame) -> Vec<String> {
        let begun = Instant::now();
        let bytes = encode(frame);
        let posts = connections
            .into_iter()
            .map(|connection| (connection, bytes.clone()))
            .collect();
        let gone = self.deliver(posts).await;
        telemetry::count(Metric::FanOutTime, begun.elapsed().as_millis() as u64);
        gone
    }

    /// Posts several frames, each to its socket, and gives the ids of the
    /// sockets that are gone.
    pub async fn post_all(&self, frames: Vec<(String, ServerFrame)>) -> Vec<String> {
        let posts = frames
            .into_iter()
            .map(|(connection, frame)| (connection, encode(&frame)))
            .collect();
        self.deliver(posts).await
    }

    /// Closes sockets. One that is gone already is as good as closed.
    pub async fn close(&self, connections: &[String]) {
        stream::iter(connections)
            .for_each_concurrent(POSTS_AT_ONCE, |connection| async move {
                let closed = self
                    .client
                    .delete_connection()
                    .connection_id(connection)
                    .send()
                    .await;
                if let Err(error) = closed
                    && !error
                        .as_service_error()
                        .is_some_and(|e| e.is_gone_exception())
                {
                    tracing::warn!(reason = describe(&error), "a socket could not be closed");
                }
            })
            .await;
    }

    async fn deliver(&self, posts: Vec<(String, Bytes)>) -> Vec<String> {
        stream::iter(posts)
            .map(|(connection, bytes)| async move {
                let posted = self.post_bytes(&connection, bytes).await;
                (posted == Posted::Gone).then_some(connection)
            })
            .buffer_unordered(POSTS_AT_ONCE)
            .take_until(tokio::time::sleep(FAN_OUT_LIMIT))
            .filter_map(|gone| async move { gone })
            .collect()
            .await
    }

    async fn post_bytes(&self, connection: &str, bytes: Bytes) -> Posted {
        let posted = self
            .client
            .post_to_connection()
            .connection_id(connection)
            .data(Blob::new(bytes))
            .send()
            .await;
        let (posted, metric) = match posted {
            Ok(_) => (Posted::Delivered, Metric::Deliveries),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PostToConnectionError::is_gone_exception) =>
            {
                (Posted::Gone, Metric::SocketsGone)
            }
            Err(error) => {
                tracing::warn!(reason = describe(&error), "a frame could not be posted");
                (Posted::Failed, Metric::DeliveriesFailed)
            }
        };
        telemetry::count(metric, 1);
        posted
    }
}

fn encode(frame: &ServerFrame) -> Bytes {
    serde_json::to_vec(frame)
        .expect("frames are plain data")
        .into()
}

/// The kind of an error, without addresses or payloads.
fn describe<E>(error: &SdkError<E>) -> &'static str {
    match error {
        SdkError::ConstructionFailure(_) => "the request could not be made",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "no connection to the endpoint",
        SdkError::ResponseError(_) => "the answer could not be read",
        SdkError::ServiceError(_) => "refused by the endpoint",
        _ => "unknown",
    }
}
