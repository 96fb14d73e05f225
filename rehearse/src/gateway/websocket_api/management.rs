//! `@connections`: how functions send to clients, ask about them and close them.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Gateway;
use super::connection::{Closing, Connection};
use super::limits::MESSAGE_BYTES;
use super::{percent, signature};

/// What is read of a request before it is answered at all.
const BODY_BYTES: usize = 10 * 1024 * 1024;

/// A refusal, in the words of the service model (apigatewaymanagementapi 2018-11-29).
#[derive(Debug)]
enum Refusal {
    Forbidden(String),
    Gone,
    PayloadTooLarge,
    LimitExceeded(&'static str),
    BadRequest(&'static str),
}

/// Answers one call.
pub async fn answer(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    match gateway.manage(request).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

impl Gateway {
    async fn manage(&self, request: Request) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_BYTES)
            .await
            .map_err(|_| Refusal::PayloadTooLarge)?;
        let caller = signature::verify(&parts, &body, &self.access, OffsetDateTime::now_utc())
            .map_err(|error| Refusal::Forbidden(error.to_string()))?;
        let id = connection_id(parts.uri.path(), &self.api.stage)
            .ok_or_else(|| Refusal::Forbidden("Missing Authentication Token".to_owned()))?;
        if !caller.manages_connections {
            return Err(Refusal::Forbidden(format!(
                "User is not authorized to perform: execute-api:ManageConnections on {}/{}/{}/@connections/*",
                self.api.id, self.api.stage, parts.method
            )));
        }
        if !self.requests.allows() {
            return Err(Refusal::LimitExceeded("Too Many Requests"));
        }
        match parts.method {
            Method::POST => self.post(&id, body),
            Method::GET => self.describe(&id),
            Method::DELETE => self.delete(&id),
            _ => Err(Refusal::Forbidden(
                "Missing Authentication Token".to_owned(),
            )),
        }
    }

    fn post(&self, id: &str, body: Bytes) -> Result<Response, Refusal> {
        if body.len() > MESSAGE_BYTES {
            return Err(Refusal::PayloadTooLarge);
        }
        let text = Utf8Bytes::try_from(body).map_err(|_| {
            Refusal::BadRequest("The data must be UTF-8: API Gateway sends text frames.")
        })?;
        self.existing(id)?
            .send(text)
            .map_err(|_| Refusal::LimitExceeded("The client's send buffer is full."))?;
        Ok(StatusCode::OK.into_response())
    }

    fn describe(&self, id: &str) -> Result<Response, Refusal> {
        let connection = self.existing(id)?;
        let client = connection.client();
        let active_after = i64::try_from(connection.active_after().as_millis()).unwrap_or(i64::MAX);
        let description = Description {
            connected_at: iso8601(client.connected_at),
            identity: Identity {
                source_ip: client.source_ip.to_string(),
                user_agent: client.user_agent.as_deref(),
            },
            last_active_at: iso8601(client.connected_at.saturating_add(active_after)),
        };
        Ok(axum::Json(description).into_response())
    }

    fn delete(&self, id: &str) -> Result<Response, Refusal> {
        let connection = self.registry.remove(id).ok_or(Refusal::Gone)?;
        connection.close(Closing::DELETED);
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    fn existing(&self, id: &str) -> Result<Arc<Connection>, Refusal> {
        self.registry.get(id).ok_or(Refusal::Gone)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description<'a> {
    connected_at: String,
    identity: Identity<'a>,
    last_active_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    source_ip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
}

/// The id in `/@connections/{id}` or `/{stage}/@connections/{id}`.
fn connection_id(path: &str, stage: &str) -> Option<String> {
    let segments: Vec<String> = path
        .split('/')
        .skip(1)
        .map(percent::decode)
        .collect::<Option<_>>()?;
    match segments.as_slice() {
        [connections, id] if connections == "@connections" => Some(id.clone()),
        [first, connections, id] if first == stage && connections == "@connections" => {
            Some(id.clone())
        }
        _ => None,
    }
}

fn iso8601(unix_ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_ms) * 1_000_000)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, name, message) = match self {
            Self::Forbidden(message) => (StatusCode::FORBIDDEN, "ForbiddenException", message),
            Self::Gone => (StatusCode::GONE, "GoneException", "Gone".to_owned()),
            Self::PayloadTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "PayloadTooLargeException",
                "The data is over 128 KB.".to_owned(),
            ),
            Self::LimitExceeded(message) => (
                StatusCode::TOO_MANY_REQUESTS,
                "LimitExceededException",
                message.to_owned(),
            ),
            Self::BadRequest(message) => (
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                message.to_owned(),
            ),
        };
        let body = serde_json::json!({ "message": message }).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(
            HeaderName::from_static("x-amzn-errortype"),
            HeaderValue::from_static(name),
        );
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_with_and_without_the_stage_and_however_it_is_encoded() {
        for path in [
            "/@connections/L0SM9cOFvHcCIhw%3D",
            "/live/@connections/L0SM9cOFvHcCIhw%3D",
            "/live/%40connections/L0SM9cOFvHcCIhw=",
        ] {
            assert_eq!(
                connection_id(path, "live").as_deref(),
                Some("L0SM9cOFvHcCIhw="),
                "{path}"
            );
        }
        for path in [
            "/",
            "/live",
            "/@connections",
            "/test/@connections/a",
            "/@connections/a/b",
        ] {
            assert_eq!(connection_id(path, "live"), None, "{path}");
        }
    }

    #[test]
    fn times_are_iso_8601() {
        assert_eq!(iso8601(1_707_503_007_396), "2024-02-09T18:23:27.396Z");
    }
}
