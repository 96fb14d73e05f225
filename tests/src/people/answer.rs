//! What an HTTP request was answered.

use chat_client::Timestamp;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Which request it answers, for messages.
    pub request: String,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body: JSON, else a text, else null.
    pub body: Value,
}

impl Answer {
    /// The answer, when it has this status.
    ///
    /// # Panics
    /// Otherwise.
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

    /// The answer, when it is a refusal of the contract's form.
    ///
    /// # Panics
    /// Otherwise.
    #[track_caller]
    pub fn refused(self, status: u16, word: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(
            answer.body["error"], word,
            "{}: {}",
            answer.request, answer.body
        );
        let message = answer.body["message"].as_str().unwrap_or_default();
        assert!(
            message.len() > 3,
            "{}: a refusal has a sentence for people: {}",
            answer.request,
            answer.body
        );
        answer
    }

    /// The answer, when it has the fields of a refusal and no others, and its
    /// words are none of a program's.
    ///
    /// # Panics
    /// Otherwise.
    pub fn tells_nothing_of_the_house(&self) {
        let known = ["error", "message", "field", "attempts_left", "retry_at"];
        let fields = self.fields();
        assert!(
            fields.iter().all(|field| known.contains(&field.as_str())),
            "{}: {fields:?}",
            self.request
        );
        let text = self.body.to_string().to_lowercase();
        let telling = [
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
        for word in telling {
            assert!(!text.contains(word), "{}: {word}: {text}", self.request);
        }
    }

    /// The answer, when it refuses one field.
    ///
    /// # Panics
    /// Otherwise.
    #[track_caller]
    pub fn invalid(self, field: &str) -> Self {
        let answer = self.refused(422, "invalid");
        assert_eq!(
            answer.body["field"], field,
            "{}: {}",
            answer.request, answer.body
        );
        answer
    }

    /// The answer, when it says that this was too fast and when to try again.
    ///
    /// # Panics
    /// Otherwise.
    #[track_caller]
    pub fn too_fast(self) -> Self {
        let answer = self.refused(429, "too_fast");
        let at = answer.body["retry_at"].as_i64().map(Timestamp::from_millis);
        assert!(
            at.is_some_and(|at| at > crate::wait::now()),
            "{}: retry_at lies ahead: {}",
            answer.request,
            answer.body
        );
        let after: Option<u64> = answer.header("retry-after").and_then(|s| s.parse().ok());
        assert!(
            after.is_some_and(|seconds| seconds > 0),
            "{}: 429 has Retry-After in seconds",
            answer.request
        );
        answer
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A text in the body, by its JSON pointer.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        match self.body.pointer(pointer).and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => panic!("{}: no text {pointer} in {}", self.request, self.body),
        }
    }

    /// An instant in the body, by its JSON pointer.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn time(&self, pointer: &str) -> Timestamp {
        Timestamp::from_millis(self.number(pointer))
    }

    /// A number in the body, by its JSON pointer.
    ///
    /// # Panics
    /// When there is none.
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

    /// What tells answers apart for somebody who watches: status, fields, and
    /// headers but for those which differ each time.
    pub fn looks(&self) -> (StatusCode, Vec<String>, Vec<(String, String)>) {
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
                // It counts from the moment of the request.
                "retry-after" => (name.to_string(), "seconds".to_owned()),
                _ => (name.to_string(), format!("{value:?}")),
            })
            .collect();
        headers.sort();
        (self.status, self.fields(), headers)
    }

    /// The cookie that the answer sets, as `name=value`, when its attributes
    /// are those of a refresh cookie.
    ///
    /// # Panics
    /// When there is not exactly one, or an attribute is missing.
    #[track_caller]
    pub fn refresh_cookie(&self) -> String {
        let all: Vec<_> = self.headers.get_all("set-cookie").iter().collect();
        assert_eq!(all.len(), 1, "{}: one cookie", self.request);
        let cookie = all[0].to_str().expect("a cookie is plain text");
        let mut parts = cookie.split(';').map(str::trim);
        let pair = parts.next().unwrap_or_default().to_owned();
        let attributes: Vec<String> = parts.map(str::to_lowercase).collect();
        for attribute in ["httponly", "samesite=strict"] {
            assert!(
                attributes.iter().any(|a| a == attribute),
                "the refresh cookie is {attribute}: {attributes:?}"
            );
        }
        pair
    }
}
