//! What a function responds to a WebSocket event, and what the gateway says instead.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The response of a Lambda proxy integration.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationResponse {
    status_code: u16,
    headers: Option<HashMap<String, Value>>,
    multi_value_headers: Option<HashMap<String, Vec<Value>>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

impl IntegrationResponse {
    /// Reads an response; none if it does not have the shape that API Gateway asks for.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let response: Self = serde_json::from_slice(payload).ok()?;
        let header_values_are_plain = response
            .headers
            .iter()
            .flat_map(HashMap::values)
            .chain(
                response
                    .multi_value_headers
                    .iter()
                    .flat_map(HashMap::values)
                    .flatten(),
            )
            .all(|value| !value.is_object() && !value.is_array());
        ((200..600).contains(&response.status_code) && header_values_are_plain).then_some(response)
    }

    /// The status, 200 to 599.
    pub fn status_code(&self) -> u16 {
        self.status_code
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let single = self
            .headers
            .iter()
            .flatten()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value);
        let multiple = self
            .multi_value_headers
            .iter()
            .flatten()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .and_then(|(_, values)| values.last());
        multiple.or(single).and_then(Value::as_str)
    }

    /// The body, if it is text.
    pub fn into_text(self) -> Option<String> {
        let body = self.body?;
        if self.is_base64_encoded == Some(true) {
            String::from_utf8(BASE64_STANDARD.decode(body).ok()?).ok()
        } else {
            Some(body)
        }
    }
}

/// Messages that the gateway itself sends to a client.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice<'a> {
    /// One of the gateway's own sentences.
    pub message: &'a str,
    /// The connection.
    pub connection_id: &'a str,
    /// The frame's or handshake's request id.
    pub request_id: &'a str,
}

impl Notice<'_> {
    /// The notice as the text of a frame or a body.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("three texts always make JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_a_status_or_with_a_wrong_one_is_malformed() {
        for wrong in [
            "",
            "null",
            "{}",
            r#"{"statusCode":"200"}"#,
            r#"{"statusCode":99}"#,
            r#"{"statusCode":600}"#,
            r#"{"statusCode":200,"body":{}}"#,
            r#"{"statusCode":200,"headers":{"a":{}}}"#,
        ] {
            assert!(
                IntegrationResponse::parse(wrong.as_bytes()).is_none(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_header_is_found_whatever_its_case_and_form() {
        let single = IntegrationResponse::parse(
            br#"{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"a"}}"#,
        );
        let multiple = IntegrationResponse::parse(
            br#"{"statusCode":200,"headers":{},"multiValueHeaders":{"sec-websocket-protocol":["a"]}}"#,
        );
        for response in [single, multiple] {
            let response = response.expect("both are well formed");
            assert_eq!(response.header("sec-websocket-protocol"), Some("a"));
        }
    }

    #[test]
    fn a_base64_body_is_decoded() {
        let response = IntegrationResponse::parse(
            br#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#,
        );
        assert_eq!(
            response.and_then(IntegrationResponse::into_text).as_deref(),
            Some("hi")
        );
    }
}
