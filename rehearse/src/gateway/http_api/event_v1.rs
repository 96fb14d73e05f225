//! Events in payload format 1.0, of REST APIs and of HTTP APIs that ask for it.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>

use std::collections::BTreeMap;

use http::header::{HOST, USER_AGENT};
use sam_template::application::{ACCOUNT, ApiKind};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::event::{common_log_time, encoded, host, text};
use super::{Incoming, query_values};
use crate::gateway::headers::conventional_case;
use crate::identifiers;

/// The event of a request. Unlike in format 2.0, what is absent is null.
pub fn event(incoming: &Incoming<'_>) -> Value {
    let Incoming {
        api,
        selected,
        parts,
        path,
        ..
    } = incoming;
    let route = selected.route;
    let rest = api.kind == ApiKind::Rest;
    let resource = if route.path == "$default" {
        "/{proxy+}"
    } else {
        &route.path
    };
    let headers = headers(incoming);
    let query = query_values(parts.uri.query().unwrap_or_default());
    let now = OffsetDateTime::now_utc();
    let host = host(parts);
    let (body, is_base64) = match (rest, incoming.body.is_empty()) {
        (_, true) => (None, false),
        // REST APIs pass text unless the API declares binary media types.
        (true, false) => (
            Some(String::from_utf8_lossy(incoming.body).into_owned()),
            false,
        ),
        (false, false) => encoded(parts, incoming.body),
    };
    let source_ip = incoming.peer.ip().to_canonical().to_string();
    let full_path = match api.stage.as_str() {
        "$default" => (*path).to_owned(),
        stage => format!("/{stage}{path}"),
    };
    let name = host
        .rsplit_once(':')
        .map_or(host.as_str(), |(name, _)| name);
    let mut context = json!({
        "accountId": ACCOUNT,
        "apiId": api.id,
        "domainName": host,
        "domainPrefix": name.split('.').next(),
        "extendedRequestId": incoming.request_id,
        "httpMethod": parts.method.as_str(),
        "identity": {
            "accessKey": null,
            "accountId": null,
            "caller": null,
            "cognitoAuthenticationProvider": null,
            "cognitoAuthenticationType": null,
            "cognitoIdentityId": null,
            "cognitoIdentityPoolId": null,
            "principalOrgId": null,
            "sourceIp": source_ip,
            "user": null,
            "userAgent": text(parts, USER_AGENT),
            "userArn": null,
        },
        "path": full_path,
        "protocol": "HTTP/1.1",
        "requestId": incoming.request_id,
        "requestTime": common_log_time(now),
        "requestTimeEpoch": i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default(),
        "resourceId": if rest { "resource".to_owned() } else { route.key() },
        "resourcePath": resource,
        "stage": api.stage,
    });
    if let Some(authorized) = incoming.authorized {
        context["authorizer"] = authorized.v1();
    }
    let mut event = json!({
        "resource": resource,
        "path": path,
        "httpMethod": parts.method.as_str(),
        "headers": last_values(&headers),
        "multiValueHeaders": headers,
        "queryStringParameters": nullable(last_values(&query)),
        "multiValueQueryStringParameters": nullable(json!(query)),
        "pathParameters": nullable(json!(selected.parameters)),
        "stageVariables": nullable(json!(api.stage_variables)),
        "requestContext": context,
        "body": body,
        "isBase64Encoded": is_base64,
    });
    if !rest {
        event["version"] = json!("1.0");
    }
    event
}

fn headers(incoming: &Incoming<'_>) -> BTreeMap<String, Vec<String>> {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &incoming.parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let name = conventional_case(name.as_str());
        headers.entry(name).or_default().push(value);
    }
    let host = host(incoming.parts);
    let peer = incoming.peer.ip().to_canonical().to_string();
    let forwarded = match headers.get("X-Forwarded-For").and_then(|all| all.last()) {
        Some(before) => format!("{before}, {peer}"),
        None => peer,
    };
    let port = host
        .rsplit_once(':')
        .map_or("80", |(_, port)| port)
        .to_owned();
    for (name, value) in [
        ("X-Forwarded-For", forwarded),
        ("X-Forwarded-Port", port),
        (
            "X-Forwarded-Proto",
            crate::gateway::scheme(incoming.parts).to_owned(),
        ),
        ("X-Amzn-Trace-Id", identifiers::new_trace_root()),
    ] {
        headers.insert(name.to_owned(), vec![value]);
    }
    headers
        .entry(conventional_case(HOST.as_str()))
        .or_insert_with(|| vec![host]);
    headers
}

fn last_values(values: &BTreeMap<String, Vec<String>>) -> Value {
    let last = values
        .iter()
        .filter_map(|(name, values)| Some((name.clone(), Value::from(values.last()?.clone()))));
    Value::Object(last.collect::<Map<_, _>>())
}

fn nullable(value: Value) -> Value {
    match value {
        Value::Object(entries) if entries.is_empty() => Value::Null,
        other => other,
    }
}
