//! What a function's answer means to the client.

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sam_template::application::ApiKind;
use serde::Deserialize;
use serde_json::{Map, Value};

/// An answer of payload format 2.0 that has a `statusCode`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IntegrationResponse {
    #[serde(deserialize_with = "status")]
    status_code: u16,
    headers: Option<Map<String, Value>>,
    multi_value_headers: Option<Map<String, Value>>,
    cookies: Option<Vec<String>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// What the gateway assumes if a function names no content type.
const DEFAULT_TYPE: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");

/// The response that a function gives in payload format 2.0. What is not an object
/// with a `statusCode` is the body of a `200`, byte for byte.
///
/// # Errors
/// What is wrong with the response.
pub fn response_v2(answer: &[u8]) -> Result<Response<Body>, String> {
    let parsed: Option<Value> = serde_json::from_slice(answer).ok();
    let described = parsed.filter(|value| value.get("statusCode").is_some());
    let Some(value) = described else {
        let body = match serde_json::from_slice(answer) {
            Ok(Value::String(text)) => text.into_bytes(),
            _ => answer.to_vec(),
        };
        let mut response = Response::new(Body::from(body));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        return Ok(response);
    };
    described_by(value, DEFAULT_TYPE)
}

/// The response that a function gives in payload format 1.0.
///
/// # Errors
/// What is wrong with the response.
pub fn response_v1(answer: &[u8], kind: ApiKind) -> Result<Response<Body>, String> {
    let value: Value =
        serde_json::from_slice(answer).map_err(|error| format!("it is not JSON: {error}"))?;
    let default = match kind {
        ApiKind::Rest => HeaderValue::from_static("application/json"),
        _ => DEFAULT_TYPE,
    };
    described_by(value, default)
}

fn described_by(value: Value, default_type: HeaderValue) -> Result<Response<Body>, String> {
    let answer: IntegrationResponse =
        serde_json::from_value(value).map_err(|error| error.to_string())?;
    let status = StatusCode::from_u16(answer.status_code)
        .ok()
        .filter(|status| *status >= StatusCode::OK)
        .ok_or_else(|| format!("{} is no status", answer.status_code))?;
    let text = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded.unwrap_or(false) {
        STANDARD
            .decode(text)
            .map_err(|error| format!("its body is not base64: {error}"))?
    } else {
        text.into_bytes()
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, default_type);
    for (name, value) in answer.headers.unwrap_or_default() {
        let (name, value) = header(&name, &value)?;
        // The gateway frames the body itself.
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
            headers.insert(name, value);
        }
    }
    for (name, values) in answer.multi_value_headers.unwrap_or_default() {
        let Value::Array(values) = values else {
            return Err(format!("the header {name} is not a list"));
        };
        for (index, value) in values.iter().enumerate() {
            let (name, value) = header(&name, value)?;
            if index == 0 {
                headers.insert(name, value);
            } else {
                headers.append(name, value);
            }
        }
    }
    for cookie in answer.cookies.unwrap_or_default() {
        let value = HeaderValue::from_str(&cookie).map_err(|_| "a cookie is no header value")?;
        headers.append(SET_COOKIE, value);
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// An error of the gateway itself: `{"message": …}`.
pub fn error_response(status: StatusCode, message: &str) -> Response<Body> {
    let body = serde_json::json!({ "message": message }).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// A number, or its text, which API Gateway takes too.
fn status<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = match &value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|number| u16::try_from(number).ok()),
    };
    number.ok_or_else(|| serde::de::Error::custom(format!("statusCode is {value}")))
}

fn header(name: &str, value: &Value) -> Result<(HeaderName, HeaderValue), String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return Err(format!("the header {name} is not a text")),
    };
    let name = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no header"))?;
    let value = HeaderValue::try_from(text).map_err(|_| format!("the header {name} is broken"))?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_without_status_code_is_the_body() {
        let response = response_v2(br#"{"a": 1}"#).expect("understood");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    }

    #[tokio::test]
    async fn a_body_without_status_code_is_passed_byte_for_byte() {
        for (answer, body) in [
            (
                r#"{"b": 12345678901234567890123, "a" : 1}"#,
                r#"{"b": 12345678901234567890123, "a" : 1}"#,
            ),
            ("not json", "not json"),
            ("\"text\"", "text"),
            ("[1,  2]", "[1,  2]"),
        ] {
            let response = response_v2(answer.as_bytes()).expect("valid");
            assert_eq!(response.status(), StatusCode::OK);
            let found = axum::body::to_bytes(response.into_body(), 1_000).await;
            assert_eq!(found.expect("a body"), body);
        }
    }

    #[test]
    fn format_1_needs_a_status_code_and_has_headers_of_several_values() {
        assert!(response_v1(br#"{"a": 1}"#, ApiKind::Rest).is_err());
        assert!(response_v1(b"not json", ApiKind::Rest).is_err());
        let answer =
            br#"{"statusCode": "200", "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]}}"#;
        let response = response_v1(answer, ApiKind::Rest).expect("valid");
        assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 2);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    }

    #[test]
    fn cookies_become_headers_of_their_own() {
        let answer = br#"{"statusCode": 201, "cookies": ["a=1", "b=2"], "headers": {"X-A": "b"}}"#;
        let response = response_v2(answer).expect("understood");
        let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
        assert_eq!(response.headers()["x-a"], "b");
        assert_eq!(response.headers()[CONTENT_TYPE], DEFAULT_TYPE);
    }

    #[test]
    fn a_bad_shape_is_an_error() {
        for answer in [
            r#"{"statusCode": "ok"}"#,
            r#"{"statusCode": 42}"#,
            r#"{"statusCode": 200, "body": {"a": 1}}"#,
            r#"{"statusCode": 200, "headers": {"a": ["b"]}}"#,
            r#"{"statusCode": 200, "body": "?", "isBase64Encoded": true}"#,
        ] {
            assert!(response_v2(answer.as_bytes()).is_err(), "{answer}");
        }
    }
}
