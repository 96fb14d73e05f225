//! A minimal Lambda Runtime API for measuring: one process, one event at a time.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::routing::{get, post, put};
use axum::serve::ListenerExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The limit for any response of a function.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A function's process, ready for events.
pub struct Lambda {
    child: Child,
    events: mpsc::Sender<Bytes>,
    answers: mpsc::UnboundedReceiver<(Instant, Bytes)>,
    server: JoinHandle<()>,
    address: std::net::SocketAddr,
}

struct Session {
    events: Mutex<mpsc::Receiver<Bytes>>,
    asked: mpsc::UnboundedSender<Instant>,
    answers: mpsc::UnboundedSender<(Instant, Bytes)>,
}

impl Lambda {
    /// Starts a function with this environment; returns the time until it requests its
    /// first event.
    pub async fn start(
        binary: &Path,
        variables: &[(String, String)],
    ) -> anyhow::Result<(Self, Duration)> {
        let (events, queue) = mpsc::channel(1);
        let (asked, mut first) = mpsc::unbounded_channel();
        let (sender, answers) = mpsc::unbounded_channel();
        let session = Session {
            events: Mutex::new(queue),
            asked,
            answers: sender,
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(serve(listener, session));
        let spawned = Instant::now();
        let mut child = Command::new(binary)
            .env_clear()
            .envs(variables.iter().cloned())
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let asks = async {
            tokio::select! {
                asked = first.recv() => asked.context("its Runtime API ended"),
                status = child.wait() => bail!("it ended with {}", status?),
            }
        };
        let asked = timeout(TIMEOUT, asks).await;
        let asked = asked.context("it never requests an event")??;
        let lambda = Self {
            child,
            events,
            answers,
            server,
            address,
        };
        Ok((lambda, asked - spawned))
    }

    /// Sends an event and waits for the response.
    pub async fn invoke(&mut self, event: &Value) -> anyhow::Result<(Value, Duration)> {
        let begun = Instant::now();
        self.events.send(event.to_string().into()).await?;
        let (at, answer) = timeout(TIMEOUT, self.answers.recv())
            .await
            .context("it never responds")?
            .context("its Runtime API ended")?;
        Ok((serde_json::from_slice(&answer)?, at - begun))
    }

    /// The URL for the response of a custom resource.
    pub fn answer_url(&self) -> String {
        format!("http://{}/answer", self.address)
    }

    /// The peak memory in kilobytes.
    pub fn peak_memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(number.context("VmHWM of proc(5)")?.parse()?)
    }

    /// The processor time so far.
    pub fn processor_time(&self) -> anyhow::Result<Duration> {
        let schedule = std::fs::read_to_string(format!("/proc/{}/schedstat", self.id()?))?;
        let first = schedule.split_whitespace().next();
        Ok(Duration::from_nanos(first.context("schedstat")?.parse()?))
    }

    fn id(&self) -> anyhow::Result<u32> {
        self.child.id().context("it has ended")
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, session: Session) {
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(answer))
        .route("/answer", put(|| async { StatusCode::OK }))
        .with_state(Arc::new(session));
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let _ = axum::serve(listener, router).await;
}

async fn next(State(session): State<Arc<Session>>) -> Response<Body> {
    // Only the first request is awaited.
    let _ = session.asked.send(Instant::now());
    let Some(event) = session.events.lock().await.recv().await else {
        return std::future::pending().await;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let deadline = now.unwrap_or_default() + Duration::from_secs(29);
    Response::builder()
        .header(
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        )
        .header(
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        )
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:cold",
        )
        .header(
            "lambda-runtime-trace-id",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0",
        )
        .body(event.into())
        .expect("every header is plain ASCII")
}

async fn answer(State(session): State<Arc<Session>>, body: Bytes) -> StatusCode {
    let _ = session.answers.send((Instant::now(), body));
    StatusCode::ACCEPTED
}
