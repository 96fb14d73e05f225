//! Batches that the event source mapping takes from RabbitMQ.
//!
//! A batch that fails is delivered again whole, at once and until it succeeds or
//! its messages hit their limits; there is no partial answer for RabbitMQ. So a
//! handler deals with each message for itself, and fails only when nothing can
//! be done about any.
//!
//! The event has a type of its own here, because `aws_lambda_events` 1.2.1 fails
//! on the `priority: null` and `deliveryMode: null` of a message that was
//! published without them, which would fail its batch for ever.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::Variables;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Map, Value};
use telemetry::Trace;

use crate::environment::{self, Started};
use crate::invocation::end_of;

/// Runs a function that takes batches from a queue: `start` makes its clients
/// from its environment, `handle` deals with one batch. When it fails, the whole
/// batch comes again.
pub async fn run<App: Sync + 'static>(
    start: impl AsyncFnOnce(Variables) -> anyhow::Result<App>,
    handle: impl AsyncFn(&'static App, Batch) -> anyhow::Result<()>,
) -> Result<(), Error> {
    let Started { app, recorder } = environment::start(start).await?;
    let handle = &handle;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Event>| async move {
        let invocation = recorder.begin(&event.context);
        let batch = Batch::new(event.payload, event.context.deadline());
        let handled = handle(app, batch).await;
        invocation.end("batch", &end_of(&handled));
        // The runtime logs it, once.
        handled.map_err(|error| Diagnostic {
            error_type: "BatchFailed".to_owned(),
            error_message: format!("{error:#}"),
        })
    }))
    .await
}

/// Messages of one queue, in its order.
#[derive(Debug)]
pub struct Batch {
    /// The messages.
    pub messages: Vec<Message>,
    deadline: SystemTime,
}

impl Batch {
    /// What a handler sees of an event, and until when.
    pub fn new(event: Event, deadline: SystemTime) -> Self {
        let records = event.rmq_messages_by_queue.into_values().flatten();
        Self {
            messages: records.map(Message::new).collect(),
            deadline,
        }
    }

    /// How long the function may still run.
    pub fn time_left(&self) -> Duration {
        self.deadline
            .duration_since(SystemTime::now())
            .unwrap_or_default()
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The message id that the publisher gave it, or else one made of its body:
    /// the same however often the message comes.
    pub id: String,
    /// Whether the broker delivered it before.
    pub redelivered: bool,
    /// What was published; empty when the event held no base64.
    pub body: Vec<u8>,
    headers: Map<String, Value>,
}

impl Message {
    fn new(record: Record) -> Self {
        let data = record.data.unwrap_or_default();
        let properties = record.basic_properties.unwrap_or_default();
        let id = properties.message_id.filter(|id| !id.is_empty());
        Self {
            id: id.unwrap_or_else(|| id_of(&data)),
            redelivered: record.redelivered.unwrap_or_default(),
            body: STANDARD.decode(data).unwrap_or_default(),
            headers: properties.headers.unwrap_or_default(),
        }
    }

    /// The trace that a header names, if it names one.
    pub fn trace(&self, header: &str) -> Option<Trace> {
        let bytes = self.headers.get(header)?.get("bytes")?.as_array()?;
        let text: Option<String> = bytes
            .iter()
            .map(|byte| Some(char::from(u8::try_from(byte.as_u64()?).ok()?)))
            .collect();
        Trace::parse(&text?)
    }

    /// A header that is a whole number.
    pub fn number(&self, header: &str) -> Option<i64> {
        self.headers.get(header)?.as_i64()
    }
}

/// An id for a message without one. It need not be collision-resistant: a
/// publisher may choose any id anyway.
fn id_of(data: &str) -> String {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    format!("body-{:016x}", hasher.finish())
}

/// The event of an Amazon MQ mapping for RabbitMQ.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// By queue and virtual host: `mail::/`.
    rmq_messages_by_queue: BTreeMap<String, Vec<Record>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    basic_properties: Option<Properties>,
    redelivered: Option<bool>,
    data: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    message_id: Option<String>,
    headers: Option<Map<String, Value>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn messages(records: Value) -> Vec<Message> {
        let event = json!({
            "eventSource": "aws:rmq",
            "eventSourceArn": "arn:aws:mq:eu-west-1:111122223333:broker:banter:b-1",
            "rmqMessagesByQueue": { "mail::/": records },
        });
        let event: Event = serde_json::from_value(event).unwrap();
        Batch::new(event, SystemTime::now()).messages
    }

    fn unset() -> Value {
        json!({
            "contentType": null, "contentEncoding": null, "headers": null,
            "deliveryMode": null, "priority": null, "correlationId": null,
            "replyTo": null, "expiration": null, "messageId": null,
            "timestamp": null, "type": null, "userId": null, "appId": null,
            "clusterId": null, "bodySize": 2,
        })
    }

    #[test]
    fn a_message_whose_properties_are_all_null_is_read() {
        let read = messages(json!([
            { "basicProperties": unset(), "redelivered": true, "data": "e30=" },
        ]));
        assert_eq!(read[0].body, b"{}");
        assert!(read[0].redelivered);
        assert_eq!(read[0].number("x-delivery-count"), None);
    }

    #[test]
    fn headers_come_as_bytes_numbers_and_tables_and_only_numbers_are_numbers() {
        let mut properties = unset();
        properties["messageId"] = json!("c-1");
        properties["timestamp"] = json!("Jan 1, 1970, 12:33:41 AM");
        properties["priority"] = json!(0);
        properties["headers"] = json!({
            "banter-attempt": 3,
            "banter-reason": { "bytes": [53, 53, 48] },
            "x-death": [{ "count": 1, "queue": { "bytes": [109] } }],
        });
        let read = messages(json!([{ "basicProperties": properties, "data": "e30=" }]));
        assert_eq!(read[0].id, "c-1");
        assert_eq!(read[0].number("banter-attempt"), Some(3));
        assert_eq!(read[0].number("banter-reason"), None);
        assert_eq!(read[0].number("x-death"), None);
    }

    #[test]
    fn a_trace_is_read_from_the_bytes_that_long_strings_come_as() {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
        let mut properties = unset();
        properties["headers"] = json!({
            "trace": { "bytes": header.as_bytes() },
            "no-trace": { "bytes": [300, 1] },
            "number": 3,
        });
        let read = messages(json!([{ "basicProperties": properties, "data": "e30=" }]));
        assert_eq!(read[0].trace("trace"), Trace::parse(header));
        for other in ["no-trace", "number", "absent"] {
            assert_eq!(read[0].trace(other), None);
        }
    }

    #[test]
    fn a_message_without_an_id_has_the_same_one_whenever_it_comes() {
        let record = json!({ "basicProperties": unset(), "data": "e30=" });
        let other = json!({ "basicProperties": unset(), "data": "e31=" });
        let read = messages(json!([record, record, other]));
        assert_eq!(read[0].id, read[1].id);
        assert_ne!(read[0].id, read[2].id);
    }

    #[test]
    fn data_that_is_no_base64_spoils_only_its_own_message() {
        let read = messages(json!([
            { "basicProperties": unset(), "data": "§" },
            { "basicProperties": null, "data": null },
            { "basicProperties": unset(), "data": "e30=" },
        ]));
        let bodies: Vec<&[u8]> = read.iter().map(|message| &message.body[..]).collect();
        assert_eq!(bodies, [&b""[..], b"", b"{}"]);
    }
}
