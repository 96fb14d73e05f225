//! The `Invoke` API of Lambda, for `aws lambda invoke --endpoint-url`.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use serde_json::json;

use crate::lambda::invoker::{InvokeError, Invoker, PAYLOAD_LIMIT};
use crate::lambda::supervisor::Supervisor;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");

/// `POST /2015-03-31/functions/{name}/invocations`.
pub fn router(supervisor: Arc<Supervisor>) -> Router {
    Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .layer(DefaultBodyLimit::max(PAYLOAD_LIMIT + 1))
        .with_state(supervisor)
}

async fn invoke(
    State(supervisor): State<Arc<Supervisor>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    payload: Bytes,
) -> Response<Body> {
    let Some(function) = supervisor.function_named(&name) else {
        let message = format!("Function not found: {name}");
        return error(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
    };
    let payload = if payload.is_empty() {
        Bytes::from_static(b"{}")
    } else {
        payload
    };
    if serde_json::from_slice::<serde::de::IgnoredAny>(&payload).is_err() {
        let message = "Could not parse request body into json";
        return error(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            message,
        );
    }
    let invoker = Invoker::new(supervisor);
    let kind = headers
        .get("x-amz-invocation-type")
        .and_then(|kind| kind.to_str().ok());
    match kind.unwrap_or("RequestResponse") {
        "DryRun" => StatusCode::NO_CONTENT.into_response(),
        "Event" => {
            tokio::spawn(async move { invoker.invoke(&function, payload).await });
            StatusCode::ACCEPTED.into_response()
        }
        "RequestResponse" => respond(invoker.invoke(&function, payload).await),
        other => {
            let message = format!("InvocationType {other} is not supported");
            error(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValueException",
                &message,
            )
        }
    }
}

fn respond(outcome: Result<Bytes, InvokeError>) -> Response<Body> {
    let failed = |error_type: &str, message: String| {
        let body = json!({"errorType": error_type, "errorMessage": message});
        let mut response = axum::Json(body).into_response();
        let unhandled = HeaderValue::from_static("Unhandled");
        response.headers_mut().insert(FUNCTION_ERROR, unhandled);
        response
    };
    let mut response = match outcome {
        Ok(answer) => ([("content-type", "application/json")], answer).into_response(),
        Err(InvokeError::Throttled) => {
            return error(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequestsException",
                "Rate Exceeded.",
            );
        }
        Err(InvokeError::PayloadTooLarge) => {
            let message = "Request must be smaller than 6291456 bytes";
            return error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestTooLargeException",
                message,
            );
        }
        Err(InvokeError::Failed {
            error_type,
            message,
        }) => failed(&error_type, message),
        Err(timeout @ InvokeError::TimedOut(_)) => failed("Sandbox.Timedout", timeout.to_string()),
    };
    let latest = HeaderValue::from_static("$LATEST");
    response.headers_mut().insert(VERSION, latest);
    response
}

fn error(status: StatusCode, error_type: &'static str, message: &str) -> Response<Body> {
    let body = json!({"Type": "User", "Message": message});
    let mut response = (status, axum::Json(body)).into_response();
    let error_type = HeaderValue::from_static(error_type);
    response.headers_mut().insert(ERROR_TYPE, error_type);
    response
}
