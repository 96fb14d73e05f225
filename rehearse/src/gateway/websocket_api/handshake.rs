//! `GET /{stage}`: the upgrade, which is pending until `$connect` has responded.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use time::OffsetDateTime;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::Gateway;
use super::connection::{Client, Connection};
use super::event::{self, Event, Occasion};
use super::integration_response::Notice;
use super::limits::URL_BYTES;
use crate::gateway::authorizer::{self, Authorized, Denied};

/// Handles a handshake: `101`, or the status of the refusal.
pub async fn open(gateway: Arc<Gateway>, peer: SocketAddr, mut request: Request) -> Response {
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let (parts, _) = request.into_parts();
    let accept_key = match accept_key(&parts) {
        Ok(accept_key) => accept_key,
        Err(status) => return refuse(status),
    };
    let Some(upgrade) = upgrade else {
        return refuse(StatusCode::UPGRADE_REQUIRED);
    };
    if !gateway.stage_allows() || !gateway.connections.allows() {
        return refuse(StatusCode::TOO_MANY_REQUESTS);
    }
    // A task of its own: `$connect` runs to its end even if the client leaves before.
    let answer = tokio::spawn(connect(gateway, peer, parts, accept_key, upgrade)).await;
    answer.unwrap_or_else(|_| refuse(StatusCode::BAD_GATEWAY))
}

async fn connect(
    gateway: Arc<Gateway>,
    peer: SocketAddr,
    parts: Parts,
    accept_key: HeaderValue,
    upgrade: OnUpgrade,
) -> Response {
    let mut client = Client {
        connection_id: event::new_id(),
        connected_at: event::unix_ms(OffsetDateTime::now_utc()),
        source_ip: peer.ip(),
        user_agent: text_of(&parts.headers, header::USER_AGENT),
        domain_name: text_of(&parts.headers, header::HOST).unwrap_or_default(),
        authorized: None,
    };
    match authorize(&gateway, &client, &parts).await {
        Ok(authorized) => client.authorized = authorized,
        Err(denied) => return refuse(denied),
    }
    let protocol = match ask(&gateway, &client, &parts).await {
        Ok(protocol) => protocol,
        Err(refusal) => return refusal,
    };
    let (connection, task) = Connection::new(client);
    let connection = Arc::new(connection);
    if !gateway.registry.insert(Arc::clone(&connection)) {
        return refuse(StatusCode::SERVICE_UNAVAILABLE);
    }
    tokio::spawn(Arc::clone(&gateway).serve(connection, task, upgrade));
    switching_protocols(accept_key, protocol)
}

/// Runs the authorizer of `$connect`, if there is one.
async fn authorize(
    gateway: &Gateway,
    client: &Client,
    parts: &Parts,
) -> Result<Option<Authorized>, StatusCode> {
    let Some(authorizer) = &gateway.api.authorizer else {
        return Ok(None);
    };
    let event = |_| {
        let event = event::build(&gateway.api, client, &Occasion::Connect(parts));
        serde_json::from_slice(&event.payload).unwrap_or_default()
    };
    let request = authorizer::Request {
        api: &gateway.api.id,
        stage: &gateway.api.stage,
        route: "$connect",
        service: "execute-api",
        parts,
        body: &Bytes::new(),
        event: &event,
    };
    let authorized = gateway.authorizers.authorize(authorizer, &request).await;
    authorized.map(Some).map_err(|denied| match denied {
        Denied::Unauthorized => StatusCode::UNAUTHORIZED,
        Denied::Forbidden => StatusCode::FORBIDDEN,
        Denied::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    })
}

/// Invokes `$connect`, and gives the subprotocol that it chose.
async fn ask(
    gateway: &Gateway,
    client: &Client,
    parts: &Parts,
) -> Result<Option<HeaderValue>, Response> {
    let Some(route) = gateway.api.routes.get("$connect") else {
        return Ok(None);
    };
    let Event {
        request_id,
        payload,
    } = event::build(&gateway.api, client, &Occasion::Connect(parts));
    let refuse_with = |status: StatusCode, message: &str| {
        let notice = Notice {
            message,
            connection_id: &client.connection_id,
            request_id: &request_id,
        };
        json(status, notice.to_json())
    };
    let answer = gateway.integrate(route, payload).await.map_err(|error| {
        tracing::warn!(function = route.function, %error, "$connect integration failed");
        refuse_with(StatusCode::BAD_GATEWAY, "Internal server error")
    })?;
    let status =
        StatusCode::from_u16(answer.status_code()).expect("an answer's status is 200 to 599");
    if !status.is_success() {
        return Err(refuse_with(
            status,
            status.canonical_reason().unwrap_or_default(),
        ));
    }
    let protocol = answer
        .header("sec-websocket-protocol")
        .map(HeaderValue::from_str);
    protocol.transpose().map_err(|_| {
        tracing::warn!(
            function = route.function,
            "$connect returned an invalid subprotocol"
        );
        refuse_with(StatusCode::BAD_GATEWAY, "Internal server error")
    })
}

/// The answer to `Sec-WebSocket-Key`, if the request is a WebSocket handshake
/// (RFC 6455, 4.2.1); otherwise the status of the refusal.
fn accept_key(parts: &Parts) -> Result<HeaderValue, StatusCode> {
    let lists = |name: HeaderName, wanted: &str| {
        parts.headers.get_all(name).iter().any(|value| {
            value.to_str().is_ok_and(|value| {
                value
                    .split(',')
                    .any(|token| token.trim().eq_ignore_ascii_case(wanted))
            })
        })
    };
    if !lists(header::UPGRADE, "websocket")
        || !lists(header::CONNECTION, "upgrade")
        || !lists(header::SEC_WEBSOCKET_VERSION, "13")
    {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    if parts.uri.to_string().len() > URL_BYTES {
        return Err(StatusCode::URI_TOO_LONG);
    }
    match parts.headers.get(header::SEC_WEBSOCKET_KEY) {
        Some(key) if parts.method == Method::GET && key.len() == 24 => {
            let accept_key = derive_accept_key(key.as_bytes());
            Ok(HeaderValue::from_str(&accept_key).expect("base64 is a header value"))
        }
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

fn switching_protocols(accept_key: HeaderValue, protocol: Option<HeaderValue>) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept_key);
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

/// A refusal before a connection id exists.
fn refuse(status: StatusCode) -> Response {
    let message = status.canonical_reason().unwrap_or_default();
    let body = serde_json::json!({ "message": message }).to_string();
    let mut response = json(status, body);
    if status == StatusCode::UPGRADE_REQUIRED {
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        );
    }
    response
}

fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
