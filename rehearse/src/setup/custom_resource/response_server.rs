//! The server behind `ResponseURL`, which is S3 in AWS.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::identifiers;

/// The most that a function may send back.
const ANSWER_LIMIT: usize = 4096;

/// A listener that takes expected answers and no others.
pub struct ResponseServer {
    address: SocketAddr,
    expected: Expected,
    server: tokio::task::JoinHandle<()>,
}

type Expected = Arc<Mutex<HashMap<String, oneshot::Sender<Bytes>>>>;

impl ResponseServer {
    /// Listens on a free port.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let expected = Expected::default();
        let router = Router::new().fallback(put).with_state(expected.clone());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            expected,
            server,
        })
    }

    /// An address for one answer, and where that will arrive. As with a signed
    /// address of S3, all of it counts.
    pub fn expect(&self) -> (String, oneshot::Receiver<Bytes>) {
        let path = format!(
            "/{}?X-Amz-Signature={}",
            identifiers::uuid(),
            identifiers::hex::<16>()
        );
        let (sender, receiver) = oneshot::channel();
        lock(&self.expected).insert(path.clone(), sender);
        (format!("http://{}{path}", self.address), receiver)
    }
}

impl Drop for ResponseServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(expected: &Expected) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Bytes>>> {
    expected
        .lock()
        .expect("no thread panics while it holds the lock")
}

async fn put(State(expected): State<Expected>, request: Request) -> Response<Body> {
    let path = request.uri().to_string();
    let typed = request.headers().get(CONTENT_TYPE);
    // The signature of a real ResponseURL covers an empty content type.
    if request.method() != "PUT" || typed.is_some_and(|value| !value.is_empty()) {
        tracing::error!(
            "rejected a custom resource response: it must be a PUT with an empty Content-Type"
        );
        return StatusCode::FORBIDDEN.into_response();
    }
    let Ok(body) = to_bytes(request.into_body(), ANSWER_LIMIT).await else {
        tracing::error!(
            limit = ANSWER_LIMIT,
            "custom resource response is too large"
        );
        return StatusCode::BAD_REQUEST.into_response();
    };
    match lock(&expected).remove(&path) {
        Some(receiver) => {
            let _ = receiver.send(body);
            StatusCode::OK.into_response()
        }
        None => StatusCode::FORBIDDEN.into_response(),
    }
}
