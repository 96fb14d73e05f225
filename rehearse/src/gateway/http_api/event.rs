//! The event of an HTTP API, payload format 2.0.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use http::request::Parts;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

use super::routes::decoded;
use super::{Incoming, query_values};
use crate::gateway::authorizer::Authorized;
use crate::identifiers;
use sam_template::application::ACCOUNT;

/// What the function is invoked with. Absent things are left out, not null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    version: &'static str,
    route_key: String,
    raw_path: String,
    raw_query_string: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    stage_variables: BTreeMap<String, String>,
    request_context: Context,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    account_id: &'static str,
    api_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Value>,
    domain_name: String,
    domain_prefix: String,
    http: Http,
    request_id: String,
    route_key: String,
    stage: String,
    time: String,
    time_epoch: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    path: String,
    protocol: &'static str,
    source_ip: String,
    user_agent: String,
}

impl Event {
    /// The event of a request.
    pub fn new(incoming: &Incoming<'_>) -> Self {
        let Incoming {
            api,
            selected,
            parts,
            peer,
            request_id,
            ..
        } = incoming;
        let route = selected.route;
        let route_key = route.key();
        // As the gateway does: the function sees the path decoded.
        let raw_path = match api.stage.as_str() {
            "$default" => decoded(incoming.path),
            stage => format!("/{stage}{}", decoded(incoming.path)),
        };
        let query = parts.uri.query().unwrap_or_default();
        let source_ip = peer.ip().to_canonical().to_string();
        let host = host(parts);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let (cookies, headers) = headers(parts, &source_ip, &host, now.as_secs());
        let (body, is_base64_encoded) = encoded(parts, incoming.body);
        let name = host
            .rsplit_once(':')
            .map_or(host.as_str(), |(name, _)| name);
        Self {
            version: "2.0",
            route_key: route_key.clone(),
            raw_path: raw_path.clone(),
            raw_query_string: query.to_owned(),
            cookies,
            headers,
            query_string_parameters: query_parameters(query),
            path_parameters: selected.parameters.clone(),
            stage_variables: api.stage_variables.clone(),
            request_context: Context {
                account_id: ACCOUNT,
                api_id: api.id.clone(),
                authorizer: incoming.authorized.map(Authorized::v2),
                domain_prefix: name.split('.').next().unwrap_or_default().to_owned(),
                domain_name: host.clone(),
                http: Http {
                    method: parts.method.to_string(),
                    path: raw_path,
                    protocol: "HTTP/1.1",
                    source_ip,
                    user_agent: text(parts, USER_AGENT),
                },
                request_id: (*request_id).to_owned(),
                route_key,
                stage: api.stage.clone(),
                time: common_log_time(OffsetDateTime::now_utc()),
                time_epoch: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            },
            body,
            is_base64_encoded,
        }
    }
}

/// `12/Mar/2020:19:03:58 +0000`.
pub fn common_log_time(at: OffsetDateTime) -> String {
    let format =
        format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    at.format(&format).unwrap_or_default()
}

pub fn host(parts: &Parts) -> String {
    match text(parts, HOST) {
        host if !host.is_empty() => host,
        _ => {
            let authority = parts.uri.authority();
            authority.map_or_else(|| "localhost".to_owned(), ToString::to_string)
        }
    }
}

pub fn text(parts: &Parts, name: http::HeaderName) -> String {
    let value = parts.headers.get(name);
    value.map_or_else(String::new, lossy)
}

fn lossy(value: &http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// The cookies apart, and all other headers with those that a gateway adds.
fn headers(
    parts: &Parts,
    source_ip: &str,
    host: &str,
    unix_seconds: u64,
) -> (Vec<String>, BTreeMap<String, String>) {
    let mut cookies = Vec::new();
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = lossy(value);
        if name == COOKIE {
            let each = value.split(';').map(str::trim);
            cookies.extend(each.filter(|each| !each.is_empty()).map(str::to_owned));
            continue;
        }
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
    let forwarded = match headers.get("x-forwarded-for") {
        Some(before) => format!("{before}, {source_ip}"),
        None => source_ip.to_owned(),
    };
    let added = [
        ("x-forwarded-for", forwarded),
        ("x-forwarded-port", port.to_owned()),
        (
            "x-forwarded-proto",
            crate::gateway::scheme(parts).to_owned(),
        ),
        ("x-amzn-trace-id", identifiers::trace_root(unix_seconds)),
    ];
    headers.extend(added.map(|(name, value)| (name.to_owned(), value)));
    headers
        .entry("content-length".to_owned())
        .or_insert_with(|| "0".to_owned());
    (cookies, headers)
}

/// Several values of one name are joined by commas.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let values = query_values(query).into_iter();
    values
        .map(|(name, values)| (name, values.join(",")))
        .collect()
}

/// The body as the event carries it: as it is for text, else in base64.
pub fn encoded(parts: &Parts, body: &Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let content_type = text(parts, CONTENT_TYPE).to_ascii_lowercase();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_text = essence.starts_with("text/")
        || matches!(
            essence,
            "application/json" | "application/javascript" | "application/xml"
        );
    match std::str::from_utf8(body) {
        Ok(text) if is_text && !parts.headers.contains_key(CONTENT_ENCODING) => {
            (Some(text.to_owned()), false)
        }
        _ => (Some(STANDARD.encode(body)), true),
    }
}
