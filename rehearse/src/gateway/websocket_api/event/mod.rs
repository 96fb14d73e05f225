//! The events which functions get, field for field as API Gateway builds them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::http::request::Parts;
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

use super::connection::Client;
use crate::gateway::authorizer::Authorized;
use crate::gateway::headers::conventional_case;
use crate::iam::percent;
use crate::identifiers;
use sam_template::application::WebSocketApi;

/// What happened to a connection.
pub enum Occasion<'a> {
    /// A handshake.
    Connect(&'a Parts),
    /// A text frame, on the route that it selected.
    Message {
        /// The route's key.
        route_key: &'a str,
        /// The frame's text.
        text: &'a str,
    },
    /// The connection ended.
    Disconnect {
        /// The close code, 1005 for none and 1006 for a cut connection.
        code: u16,
        /// The close reason.
        reason: &'a str,
    },
}

/// One event and its request id, which error frames name.
pub struct Event {
    /// The id of this request.
    pub request_id: String,
    /// The event as JSON.
    pub payload: Bytes,
}

/// Builds the event for `occasion` on `client`'s connection to `api`.
pub fn build(api: &WebSocketApi, client: &Client, occasion: &Occasion<'_>) -> Event {
    let request_id = new_id();
    let now = OffsetDateTime::now_utc();
    let headers = match occasion {
        Occasion::Connect(parts) => Some(handshake_headers(parts, client.source_ip)),
        Occasion::Message { .. } => None,
        Occasion::Disconnect { .. } => Some(last_headers(&client.domain_name)),
    };
    let query = match occasion {
        Occasion::Connect(parts) => parts.uri.query().map(query_values),
        _ => None,
    }
    .filter(|query| !query.is_empty());
    let proxy_event = ProxyEvent {
        headers: headers.as_ref().map(last_values),
        multi_value_headers: headers.as_ref(),
        query_string_parameters: query.as_ref().map(last_values),
        multi_value_query_string_parameters: query.as_ref(),
        stage_variables: Some(&api.stage_variables).filter(|variables| !variables.is_empty()),
        request_context: request_context(api, client, occasion, &request_id, now),
        body: match occasion {
            Occasion::Message { text, .. } => Some(text),
            _ => None,
        },
        is_base64_encoded: false,
    };
    let payload = serde_json::to_vec(&proxy_event).expect("texts and numbers always make JSON");
    Event {
        request_id,
        payload: payload.into(),
    }
}

/// A new id as API Gateway makes them for requests, messages and connections.
pub fn new_id() -> String {
    identifiers::request_id()
}

/// Unix milliseconds.
pub fn unix_ms(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000)
        .expect("the year is not beyond 292 million")
}

type Values = BTreeMap<String, Vec<String>>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProxyEvent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<&'a str, &'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<&'a Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_string_parameters: Option<BTreeMap<&'a str, &'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_query_string_parameters: Option<&'a Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_variables: Option<&'a BTreeMap<String, String>>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    route_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_status_code: Option<u16>,
    event_type: &'static str,
    extended_request_id: &'a str,
    request_time: String,
    message_direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_reason: Option<&'a str>,
    stage: &'a str,
    connected_at: i64,
    request_time_epoch: i64,
    identity: Identity<'a>,
    request_id: &'a str,
    domain_name: &'a str,
    connection_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    source_ip: IpAddr,
}

fn request_context<'a>(
    api: &'a WebSocketApi,
    client: &'a Client,
    occasion: &Occasion<'a>,
    request_id: &'a str,
    now: OffsetDateTime,
) -> RequestContext<'a> {
    let (route_key, event_type) = match occasion {
        Occasion::Connect(_) => ("$connect", "CONNECT"),
        Occasion::Message { route_key, .. } => (*route_key, "MESSAGE"),
        Occasion::Disconnect { .. } => ("$disconnect", "DISCONNECT"),
    };
    let (disconnect_status_code, disconnect_reason) = match occasion {
        Occasion::Disconnect { code, reason } => (Some(*code), Some(*reason)),
        _ => (None, None),
    };
    RequestContext {
        route_key,
        message_id: matches!(occasion, Occasion::Message { .. }).then(new_id),
        disconnect_status_code,
        event_type,
        extended_request_id: request_id,
        request_time: now
            .format(format_description!(
                "[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000"
            ))
            .expect("a UTC time has all these parts"),
        message_direction: "IN",
        disconnect_reason,
        stage: &api.stage,
        connected_at: client.connected_at,
        request_time_epoch: unix_ms(now),
        identity: Identity {
            user_agent: client.user_agent.as_deref(),
            source_ip: client.source_ip,
        },
        request_id,
        domain_name: &client.domain_name,
        connection_id: &client.connection_id,
        api_id: &api.id,
        authorizer: client.authorized.as_ref().map(Authorized::v1),
    }
}

/// The headers of a handshake with those that the gateway adds, and without
/// those that concern only the connection to it.
fn handshake_headers(parts: &Parts, peer: IpAddr) -> Values {
    let mut headers = Values::new();
    for (name, value) in &parts.headers {
        if ["connection", "upgrade"].contains(&name.as_str()) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers
            .entry(conventional_case(name.as_str()))
            .or_default()
            .push(value);
    }
    let forwarded_for = match headers
        .get("X-Forwarded-For")
        .and_then(|values| values.last())
    {
        Some(before) => format!("{before}, {peer}"),
        None => peer.to_string(),
    };
    let port = headers
        .get("Host")
        .and_then(|hosts| hosts.last()?.rsplit_once(':'))
        .map_or("80", |(_, port)| port)
        .to_owned();
    headers.insert("X-Forwarded-For".to_owned(), vec![forwarded_for]);
    headers.insert("X-Forwarded-Port".to_owned(), vec![port]);
    headers.insert(
        "X-Forwarded-Proto".to_owned(),
        vec![crate::gateway::scheme(parts).to_owned()],
    );
    headers.insert(
        "X-Amzn-Trace-Id".to_owned(),
        vec![identifiers::new_trace_root()],
    );
    headers
}

/// The only headers of `$disconnect`.
fn last_headers(host: &str) -> Values {
    [
        ("Host", host),
        ("x-api-key", ""),
        ("X-Forwarded-For", ""),
        ("x-restapi", ""),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), vec![value.to_owned()]))
    .collect()
}

fn query_values(query: &str) -> Values {
    let mut values = Values::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| {
            percent::decode(&text.replace('+', " ")).unwrap_or_else(|| text.to_owned())
        };
        values
            .entry(decoded(name))
            .or_default()
            .push(decoded(value));
    }
    values
}

fn last_values(values: &Values) -> BTreeMap<&str, &str> {
    values
        .iter()
        .filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str())))
        .collect()
}

#[cfg(test)]
mod tests;
