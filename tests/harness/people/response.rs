//! The response to an HTTP request.

use chat_client::Timestamp;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

#[derive(Debug, Clone)]
pub struct Response {
    /// The request line, for messages.
    pub request: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Its body: JSON, or else text, or null.
    pub body: Value,
}

impl Response {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}: {}",
            self.request,
            self.body
        );
        self
    }

    /// Asserts an error response of the contract's form.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        let response = self.expect(status);
        assert_eq!(
            response.body["error"], code,
            "{}: {}",
            response.request, response.body
        );
        let message = response.body["message"].as_str().unwrap_or_default();
        assert!(
            message.len() > 3,
            "{}: an error has a readable sentence: {}",
            response.request,
            response.body
        );
        response
    }

    /// Asserts that the body has only the fields of an error, and no term that names
    /// the implementation.
    pub fn assert_leaks_no_internals(&self) {
        let known = ["error", "message", "field", "attempts_left", "retry_at"];
        let fields = self.fields();
        assert!(
            fields.iter().all(|field| known.contains(&field.as_str())),
            "{}: {fields:?}",
            self.request
        );
        let text = self.body.to_string().to_lowercase();
        let internal = [
            ".rs",
            "panic",
            "stack",
            "backtrace",
            "mongo",
            "bson",
            "serde",
            "lapin",
            "rabbit",
            "amqp",
            "argon",
            "lambda",
            "127.0.0.1",
            "::",
            "error(",
        ];
        for word in internal {
            assert!(!text.contains(word), "{}: {word}: {text}", self.request);
        }
    }

    /// Asserts that one field was refused.
    #[track_caller]
    pub fn invalid(self, field: &str) -> Self {
        let response = self.refused(422, "invalid");
        assert_eq!(
            response.body["field"], field,
            "{}: {}",
            response.request, response.body
        );
        response
    }

    /// Asserts `429` with a time to retry.
    #[track_caller]
    pub fn too_fast(self) -> Self {
        let response = self.refused(429, "too_fast");
        let at = response.body["retry_at"]
            .as_i64()
            .map(Timestamp::from_millis);
        assert!(
            at.is_some_and(|at| at > crate::wait::now()),
            "{}: retry_at is in the future: {}",
            response.request,
            response.body
        );
        let after: Option<u64> = response.header("retry-after").and_then(|s| s.parse().ok());
        assert!(
            after.is_some_and(|seconds| seconds > 0),
            "{}: 429 has Retry-After in seconds",
            response.request
        );
        response
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A string in the body, by its JSON pointer.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        match self.body.pointer(pointer).and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => panic!("{}: no text {pointer} in {}", self.request, self.body),
        }
    }

    /// A time in the body, by its JSON pointer.
    #[track_caller]
    pub fn time(&self, pointer: &str) -> Timestamp {
        Timestamp::from_millis(self.number(pointer))
    }

    /// A number in the body, by its JSON pointer.
    #[track_caller]
    pub fn number(&self, pointer: &str) -> i64 {
        match self.body.pointer(pointer).and_then(Value::as_i64) {
            Some(number) => number,
            None => panic!("{}: no number {pointer} in {}", self.request, self.body),
        }
    }

    /// The names of the body's fields, sorted.
    pub fn fields(&self) -> Vec<String> {
        let mut fields: Vec<String> = self
            .body
            .as_object()
            .map(|body| body.keys().cloned().collect())
            .unwrap_or_default();
        fields.sort();
        fields
    }

    /// What an observer can compare: status, fields, and the headers that do not differ
    /// from one response to the next.
    pub fn fingerprint(&self) -> (StatusCode, Vec<String>, Vec<(String, String)>) {
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| {
                !matches!(
                    name.as_str(),
                    "date" | "apigw-requestid" | "x-amzn-requestid" | "x-amzn-trace-id"
                )
            })
            .map(|(name, value)| match name.as_str() {
                // It depends on the time of the request.
                "retry-after" => (name.to_string(), "seconds".to_owned()),
                _ => (name.to_string(), format!("{value:?}")),
            })
            .collect();
        headers.sort();
        (self.status, self.fields(), headers)
    }

    /// The refresh cookie that the response sets, as `name=value`; asserts its
    /// attributes.
    #[track_caller]
    pub fn refresh_cookie(&self) -> String {
        self.site_cookie("refresh")
    }

    /// The device cookie that the response sets, likewise.
    #[track_caller]
    pub fn device_cookie(&self) -> String {
        self.site_cookie("device")
    }

    #[track_caller]
    fn site_cookie(&self, name: &str) -> String {
        let all: Vec<_> = self
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|cookie| cookie.to_str().expect("a cookie is plain text"))
            .filter(|cookie| cookie.starts_with(&format!("{name}-")))
            .collect();
        assert_eq!(all.len(), 1, "{}: one {name} cookie", self.request);
        let mut parts = all[0].split(';').map(str::trim);
        let pair = parts.next().unwrap_or_default().to_owned();
        let attributes: Vec<String> = parts.map(str::to_lowercase).collect();
        for attribute in ["httponly", "samesite=strict"] {
            assert!(
                attributes.iter().any(|a| a == attribute),
                "the {name} cookie is {attribute}: {attributes:?}"
            );
        }
        pair
    }
}
