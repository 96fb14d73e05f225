//! A log line: a JSON object.

use std::fmt;
use std::io::Write;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::Level;
use tracing::field::{Field, Visit};

/// RFC 3339, which Lambda requires to filter by level and to order by time.
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

pub(crate) struct Line(Vec<u8>);

impl Line {
    /// A line with time, level and the ids of the current invocation.
    pub(crate) fn new(level: Level) -> Self {
        let now = OffsetDateTime::now_utc();
        let timestamp = now.format(TIMESTAMP).unwrap_or_default();
        let mut line = Self(Vec::with_capacity(512));
        line.0.push(b'{');
        line.field("timestamp", &timestamp);
        line.field("level", level.as_str());
        if let Some(invocation) = telemetry::current() {
            line.field("request_id", &invocation.request_id);
            if let Some(trace) = &invocation.trace {
                line.field("trace_id", trace.id());
            }
        }
        line
    }

    pub(crate) fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.json(name);
        self.0.push(b':');
        self.json(value);
    }

    pub(crate) fn print(self) {
        // A closed standard output cannot be reported anywhere.
        let _ = std::io::stdout().lock().write_all(&self.into_bytes());
    }

    /// The complete line with its line feed.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.0.extend(b"}\n");
        self.0
    }

    fn json<T: Serialize + ?Sized>(&mut self, value: &T) {
        let before = self.0.len();
        if serde_json::to_writer(&mut self.0, value).is_err() {
            self.0.truncate(before);
            self.0.extend(b"null");
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field.name(), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field.name(), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.field(field.name(), &value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_line_is_one_json_object_whatever_is_in_its_fields() {
        let mut line = Line::new(Level::WARN);
        line.field("message", "two\nlines and a \"quote\"");
        line.field("nothing", &None::<u8>);
        line.field("impossible", &f64::NAN);
        let bytes = line.into_bytes();
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
        let read: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(read["level"], "WARN");
        assert_eq!(read["message"], "two\nlines and a \"quote\"");
        assert_eq!(read["nothing"], Value::Null);
        assert_eq!(read["impossible"], Value::Null);
        let timestamp = read["timestamp"].as_str().unwrap();
        assert_eq!(timestamp.len(), "2026-11-26T05:44:16.123Z".len());
    }
}
