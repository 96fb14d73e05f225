//! The Lambda Runtime API, one listener for each process of a function.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::extensions::{self, Extensions};
use crate::lambda::invoker::{InvokeError, PAYLOAD_LIMIT};

/// One invocation for the process.
pub struct Work {
    /// `AwsRequestId`.
    pub request_id: String,
    /// When the process will be ended, in Unix milliseconds.
    pub deadline_ms: u128,
    /// `Root=…;Parent=…;Sampled=0`.
    pub trace_id: String,
    /// The function's ARN.
    pub arn: Arc<str>,
    /// The event.
    pub payload: Bytes,
}

/// The response of the process, or its error.
pub type InvokeResult = Result<Bytes, InvokeError>;

/// The supervisor's side of one Runtime API.
pub struct RuntimeApi {
    session: Arc<Session>,
    work: mpsc::Sender<Work>,
    asked: watch::Receiver<u64>,
    init_error: watch::Receiver<Option<InvokeError>>,
    extensions: Arc<Extensions>,
    server: Arc<Server>,
}

/// The listener of one Runtime API. Dropping it stops the listener.
pub struct Server(JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Session {
    work: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    /// How often the process has asked for its next invocation.
    asked: watch::Sender<u64>,
    init_error: watch::Sender<Option<InvokeError>>,
    current: Mutex<Option<Current>>,
}

struct Current {
    request_id: String,
    answer: oneshot::Sender<InvokeResult>,
}

impl RuntimeApi {
    /// Listens on a free port of its own, and gives the address too.
    ///
    /// # Errors
    /// If no port can be listened on.
    pub async fn start(extensions: Arc<Extensions>) -> anyhow::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("no free port for a Runtime API")?;
        let address = listener.local_addr()?;
        let (work, receiver) = mpsc::channel(1);
        let (asked, asked_receiver) = watch::channel(0);
        let (init_error, init_error_receiver) = watch::channel(None);
        let session = Arc::new(Session {
            work: tokio::sync::Mutex::new(receiver),
            asked,
            init_error,
            current: Mutex::new(None),
        });
        let router = router(session.clone()).merge(extensions::router(extensions.clone()));
        let server = tokio::spawn(async move {
            // Without this, each invocation costs 40 ms of waiting for an acknowledgement.
            let listener = listener.tap_io(|stream| {
                let _ = stream.set_nodelay(true);
            });
            let _ = axum::serve(listener, router).await;
        });
        let api = Self {
            session,
            work,
            asked: asked_receiver,
            init_error: init_error_receiver,
            extensions,
            server: Arc::new(Server(server)),
        };
        Ok((api, address))
    }

    /// The extensions of the process.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The listener, which has to outlive the process and its extensions.
    pub fn server(&self) -> Arc<Server> {
        self.server.clone()
    }

    /// Waits until the process has asked for its invocation number `count`,
    /// counted from 1.
    pub async fn asked(&self, count: u64) {
        let mut asked = self.asked.clone();
        let _ = asked.wait_for(|times| *times >= count).await;
    }

    /// Waits until the process says that it cannot start.
    pub async fn init_error(&self) -> InvokeError {
        let mut error = self.init_error.clone();
        let found = error.wait_for(Option::is_some).await;
        match found.ok().and_then(|error| error.clone()) {
            Some(error) => error,
            None => std::future::pending().await,
        }
    }

    /// Hands an invocation over; its answer arrives at the receiver.
    pub async fn hand_over(&self, work: Work) -> oneshot::Receiver<InvokeResult> {
        let (answer, receiver) = oneshot::channel();
        *self.session.lock() = Some(Current {
            request_id: work.request_id.clone(),
            answer,
        });
        // The receiving end lives as long as the session, which this holds.
        let _ = self.work.send(work).await;
        receiver
    }
}

impl Session {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Current>> {
        self.current
            .lock()
            .expect("no thread panics while it holds the lock")
    }

    /// Completes the invocation `request_id`.
    fn answer(&self, request_id: &str, answer: InvokeResult) -> StatusCode {
        let mut current = self.lock();
        match current.take_if(|current| current.request_id == request_id) {
            Some(current) => {
                let _ = current.answer.send(answer);
                StatusCode::ACCEPTED
            }
            None => StatusCode::BAD_REQUEST,
        }
    }
}

fn router(session: Arc<Session>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2018-06-01/runtime/invocation/{id}/response",
            post(response),
        )
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .with_state(session)
}

async fn next(State(session): State<Arc<Session>>) -> Response<Body> {
    session.asked.send_modify(|times| *times += 1);
    let Some(work) = session.work.lock().await.recv().await else {
        // No more work will come: the process is about to be ended, and would
        // only complain about any other answer.
        return std::future::pending().await;
    };
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", work.request_id),
        ("lambda-runtime-deadline-ms", work.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", work.arn.to_string()),
        ("lambda-runtime-trace-id", work.trace_id),
    ];
    let mut response = Response::builder();
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response
        .body(Body::from(work.payload))
        .expect("every header is plain ASCII")
}

async fn response(
    State(session): State<Arc<Session>>,
    Path(id): Path<String>,
    body: Body,
) -> Response<Body> {
    let Ok(body) = to_bytes(body, PAYLOAD_LIMIT).await else {
        session.answer(
            &id,
            Err(InvokeError::Failed {
                error_type: "Function.ResponseSizeTooLarge".to_owned(),
                message: format!("the answer is over {PAYLOAD_LIMIT} bytes"),
            }),
        );
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge");
    };
    accepted(session.answer(&id, Ok(body)))
}

async fn error(
    State(session): State<Arc<Session>>,
    Path(id): Path<String>,
    body: Body,
) -> Response<Body> {
    accepted(session.answer(&id, Err(failure(body).await)))
}

async fn init_error(State(session): State<Arc<Session>>, body: Body) -> Response<Body> {
    let failure = failure(body).await;
    session.init_error.send_replace(Some(failure));
    accepted(StatusCode::ACCEPTED)
}

/// What a runtime says about an error of its function.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionError {
    #[serde(default)]
    error_message: String,
    #[serde(default = "unknown")]
    error_type: String,
}

fn unknown() -> String {
    "Runtime.Unknown".to_owned()
}

/// The error in the body of a report.
pub async fn failure(body: Body) -> InvokeError {
    let body = to_bytes(body, PAYLOAD_LIMIT).await.unwrap_or_default();
    let error = serde_json::from_slice(&body).unwrap_or_else(|_| FunctionError {
        error_message: String::new(),
        error_type: unknown(),
    });
    InvokeError::Failed {
        error_type: error.error_type,
        message: error.error_message,
    }
}

fn accepted(status: StatusCode) -> Response<Body> {
    if status == StatusCode::ACCEPTED {
        (status, axum::Json(serde_json::json!({"status": "OK"}))).into_response()
    } else {
        refusal(status, "InvalidRequestID")
    }
}

fn refusal(status: StatusCode, error_type: &str) -> Response<Body> {
    let body = serde_json::json!({"errorType": error_type, "errorMessage": error_type});
    (status, axum::Json(body)).into_response()
}
