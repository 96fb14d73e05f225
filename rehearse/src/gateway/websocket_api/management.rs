//! `@connections`: how functions send to clients, ask about them and close them.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE;
use bytes::Bytes;
use sam_template::application::{ACCOUNT, REGION};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Gateway;
use super::connection::{Closing, Connection};
use super::limits::MESSAGE_BYTES;
use crate::iam::percent;
use crate::iam::signature::{self, SignatureError};

/// What is read of a request before it is answered at all.
const BODY_BYTES: usize = 10 * 1024 * 1024;

/// The action of IAM policies.
const ACTION: &str = "execute-api:ManageConnections";

/// The length of a decoded connection id.
const ID_BYTES: usize = 11;

/// An error, in the words of the service model (apigatewaymanagementapi 2018-11-29)
/// and of the signature check before it.
#[derive(Debug)]
enum ManagementError {
    /// The path is not `/{stage}/@connections/{id}`.
    Forbidden,
    Signature(SignatureError),
    /// No policy allows the call.
    AccessDenied(String),
    Gone,
    PayloadTooLarge,
    LimitExceeded(&'static str),
    BadRequest(String),
}

/// Handles one call.
pub async fn answer(gateway: Arc<Gateway>, request: Request) -> Response {
    match gateway.manage(request).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

/// Whether the path after the stage is of `@connections`.
pub fn is_connections(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    percent::decode(first).as_deref() == Some("@connections")
}

impl Gateway {
    async fn manage(&self, request: Request) -> Result<Response, ManagementError> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_BYTES)
            .await
            .map_err(|_| ManagementError::PayloadTooLarge)?;
        let id =
            connection_id(parts.uri.path(), &self.api.stage).ok_or(ManagementError::Forbidden)?;
        if ![Method::POST, Method::GET, Method::DELETE].contains(&parts.method) {
            return Err(ManagementError::Forbidden);
        }
        let now = OffsetDateTime::now_utc();
        let caller = signature::verify(&parts, &body, &self.access, "execute-api", now)
            .map_err(ManagementError::Signature)?;
        let resource = format!(
            "arn:aws:execute-api:{REGION}:{ACCOUNT}:{}/{}/{}/@connections/{id}",
            self.api.id, self.api.stage, parts.method
        );
        if !caller.policy.allows(ACTION, &resource) {
            return Err(ManagementError::AccessDenied(format!(
                "User: {} is not authorized to perform: {ACTION} on resource: {resource}",
                caller.access_key_id
            )));
        }
        if !self.requests.allows() {
            return Err(ManagementError::LimitExceeded("Too Many Requests"));
        }
        if !is_id(&id) {
            return Err(ManagementError::BadRequest(format!(
                "Invalid connectionId: {id}"
            )));
        }
        match parts.method {
            Method::POST => self.post(&id, body),
            Method::GET => self.describe(&id),
            _ => self.delete(&id),
        }
    }

    fn post(&self, id: &str, body: Bytes) -> Result<Response, ManagementError> {
        if body.len() > MESSAGE_BYTES {
            return Err(ManagementError::PayloadTooLarge);
        }
        let text = Utf8Bytes::try_from(body).map_err(|_| {
            ManagementError::BadRequest(
                "The data must be UTF-8: API Gateway sends text frames.".to_owned(),
            )
        })?;
        self.existing(id)?
            .send(text)
            .map_err(|_| ManagementError::LimitExceeded("The client's send buffer is full."))?;
        Ok(StatusCode::OK.into_response())
    }

    fn describe(&self, id: &str) -> Result<Response, ManagementError> {
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

    fn delete(&self, id: &str) -> Result<Response, ManagementError> {
        let connection = self.registry.remove(id).ok_or(ManagementError::Gone)?;
        connection.close(Closing::DELETED);
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    fn existing(&self, id: &str) -> Result<Arc<Connection>, ManagementError> {
        self.registry.get(id).ok_or(ManagementError::Gone)
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

/// The id in `/{stage}/@connections/{id}`.
fn connection_id(path: &str, stage: &str) -> Option<String> {
    let segments: Vec<String> = path
        .split('/')
        .skip(1)
        .map(percent::decode)
        .collect::<Option<_>>()?;
    match segments.as_slice() {
        [first, connections, id] if first == stage && connections == "@connections" => {
            Some(id.clone())
        }
        _ => None,
    }
}

/// Whether `id` has the form of a connection id.
fn is_id(id: &str) -> bool {
    BASE64_URL_SAFE
        .decode(id)
        .is_ok_and(|bytes| bytes.len() == ID_BYTES)
}

fn iso8601(unix_ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_ms) * 1_000_000)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

impl IntoResponse for ManagementError {
    fn into_response(self) -> Response {
        let (status, name, message) = match self {
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "ForbiddenException",
                "Forbidden".to_owned(),
            ),
            Self::Signature(error) => {
                (StatusCode::FORBIDDEN, error.error_type(), error.to_string())
            }
            Self::AccessDenied(message) => {
                (StatusCode::FORBIDDEN, "AccessDeniedException", message)
            }
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
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, "BadRequestException", message),
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
    fn an_id_is_found_on_its_stage_however_it_is_encoded() {
        for path in [
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
            "/@connections/L0SM9cOFvHcCIhw%3D",
            "/test/@connections/a",
            "/@connections/a/b",
        ] {
            assert_eq!(connection_id(path, "live"), None, "{path}");
        }
    }

    #[test]
    fn an_id_has_the_form_that_the_gateway_gives_it() {
        assert!(is_id(&crate::identifiers::request_id()));
        for malformed in ["", "a", "L0SM9cOFvHcCIhw", "L0SM9cOFvHcCIhw==", "../etc"] {
            assert!(!is_id(malformed), "{malformed}");
        }
    }

    #[test]
    fn times_are_iso_8601() {
        assert_eq!(iso8601(1_707_503_007_396), "2024-02-09T18:23:27.396Z");
    }
}
