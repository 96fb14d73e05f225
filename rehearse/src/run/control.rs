//! `/_local/…`: what AWS has no address for, answered to this machine alone.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::header::{HOST, ORIGIN, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::gateway::Peer;
use crate::lambda::invoker::{InvokeError, Invoker};
use crate::lambda::supervisor::{ProcessState, Supervisor};

#[derive(Clone)]
struct Controlled {
    supervisor: Arc<Supervisor>,
    invoker: Invoker,
}

/// The routes: health, the processes of functions, and invoking one by hand.
pub fn router(supervisor: Arc<Supervisor>) -> Router {
    let invoker = Invoker::new(supervisor.clone());
    Router::new()
        .route(
            "/_local/health",
            get(|| async { Json(json!({"ok": true})) }),
        )
        .route("/_local/functions", get(functions))
        .route("/_local/functions/{function}/invocations", post(invoke))
        .with_state(Controlled {
            supervisor,
            invoker,
        })
}

async fn functions(State(controlled): State<Controlled>) -> Json<Vec<ProcessState>> {
    Json(controlled.supervisor.processes())
}

/// Invokes a function with the body, as `aws lambda invoke` does.
async fn invoke(
    State(controlled): State<Controlled>,
    Path(function): Path<String>,
    payload: Bytes,
) -> Response<Body> {
    match controlled.invoker.invoke(&function, payload).await {
        Ok(answer) => answer.into_response(),
        Err(InvokeError::Throttled) => StatusCode::TOO_MANY_REQUESTS.into_response(),
        Err(error) => {
            let message = json!({"errorMessage": error.to_string()});
            (StatusCode::BAD_GATEWAY, Json(message)).into_response()
        }
    }
}

/// Accepts only requests from this machine. The peer has to be local; the `Host`
/// has to be a local name, which prevents DNS rebinding; and an `Origin` has to be
/// the page's own. No browser guesses a type for what is answered.
pub async fn only_this_machine(
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let headers = request.headers();
    let host = header(headers, HOST);
    let named_locally = host.is_some_and(is_local);
    let origin = header(headers, ORIGIN).and_then(|origin| origin.split_once("://"));
    let own_page = match headers.get(ORIGIN) {
        None => true,
        Some(_) => origin.is_some_and(|(_, origin)| host == Some(origin)),
    };
    let mut response =
        if peer.address.ip().to_canonical().is_loopback() && named_locally && own_page {
            next.run(request).await
        } else {
            let reason = "only requests from this machine are accepted";
            (StatusCode::FORBIDDEN, reason).into_response()
        };
    let nosniff = HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

fn header(headers: &HeaderMap, name: axum::http::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn is_local(host: &str) -> bool {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let name = match bracketed {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let address = name.parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in ["localhost:1", "localhost", "127.0.0.1:80", "[::1]:80"] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example:1",
            "10.0.0.1:80",
            "",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
