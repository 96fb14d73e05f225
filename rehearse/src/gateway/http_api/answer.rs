//! What a function's answer means to the client.

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

/// An answer of payload format 2.0 that has a `statusCode`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    headers: Option<Map<String, Value>>,
    cookies: Option<Vec<String>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// What the gateway assumes if a function names no content type.
const DEFAULT_TYPE: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");

/// The response that `answer` describes. A value without `statusCode` is itself
/// the body of a `200`.
///
/// # Errors
/// What is wrong with an answer that the gateway would not understand.
pub fn response(answer: &[u8]) -> Result<Response<Body>, String> {
    let value: Value =
        serde_json::from_slice(answer).map_err(|error| format!("it is not JSON: {error}"))?;
    if value.get("statusCode").is_none() {
        let body = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let mut response = Response::new(Body::from(body));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        return Ok(response);
    }
    let answer: Answer = serde_json::from_value(value).map_err(|error| error.to_string())?;
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
    headers.insert(CONTENT_TYPE, DEFAULT_TYPE);
    for (name, value) in answer.headers.unwrap_or_default() {
        let (name, value) = header(&name, &value)?;
        // The gateway frames the body itself.
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
            headers.insert(name, value);
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

/// The gateway's own refusal: `{"message": …}`.
pub fn refusal(status: StatusCode, message: &str) -> Response<Body> {
    let body = serde_json::json!({ "message": message }).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
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
        let response = response(br#"{"a": 1}"#).expect("understood");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    }

    #[test]
    fn cookies_become_headers_of_their_own() {
        let answer = br#"{"statusCode": 201, "cookies": ["a=1", "b=2"], "headers": {"X-A": "b"}}"#;
        let response = response(answer).expect("understood");
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
            "not json",
        ] {
            assert!(response(answer.as_bytes()).is_err(), "{answer}");
        }
    }
}
