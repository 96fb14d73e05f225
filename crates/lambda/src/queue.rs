//! Batches of an event source mapping for RabbitMQ.
//!
//! A batch that fails is delivered again as a whole and at once, until it succeeds
//! or its messages reach their limits; RabbitMQ has no partial batch response. A
//! handler therefore treats each message separately, and fails only when it can
//! neither process nor set aside one.
//!
//! The event has its own type, because `aws_lambda_events` 1.2.1 fails on the
//! `priority: null` and `deliveryMode: null` of a message published without them.

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

/// Runs a function that consumes a queue. `start` creates its clients, `handle`
/// processes one batch; when it fails, the whole batch is delivered again.
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

/// Messages of one queue, in order.
#[derive(Debug)]
pub struct Batch {
    pub messages: Vec<Message>,
    deadline: SystemTime,
}

impl Batch {
    pub fn new(event: Event, deadline: SystemTime) -> Self {
        let records = event.rmq_messages_by_queue.into_values().flatten();
        Self {
            messages: records.map(Message::new).collect(),
            deadline,
        }
    }

    /// Time until Lambda stops the function.
    pub fn time_left(&self) -> Duration {
        self.deadline
            .duration_since(SystemTime::now())
            .unwrap_or_default()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The publisher's message id, or else a hash of the body: the same at every
    /// delivery.
    pub id: String,
    pub redelivered: bool,
    /// Empty when the event's data is not base64.
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

    pub fn trace(&self, header: &str) -> Option<Trace> {
        let bytes = self.headers.get(header)?.get("bytes")?.as_array()?;
        let text: Option<String> = bytes
            .iter()
            .map(|byte| Some(char::from(u8::try_from(byte.as_u64()?).ok()?)))
            .collect();
        Trace::parse(&text?)
    }

    pub fn number(&self, header: &str) -> Option<i64> {
        self.headers.get(header)?.as_i64()
    }
}

/// Need not resist collisions: a publisher may choose any id anyway.
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
    fn a_message_whose_properties_are_all_null_is_decoded() {
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
    fn a_message_without_an_id_gets_the_same_one_at_every_delivery() {
        let record = json!({ "basicProperties": unset(), "data": "e30=" });
        let other = json!({ "basicProperties": unset(), "data": "e31=" });
        let read = messages(json!([record, record, other]));
        assert_eq!(read[0].id, read[1].id);
        assert_ne!(read[0].id, read[2].id);
    }

    #[test]
    fn invalid_base64_affects_only_its_own_message() {
        let read = messages(json!([
            { "basicProperties": unset(), "data": "§" },
            { "basicProperties": null, "data": null },
            { "basicProperties": unset(), "data": "e30=" },
        ]));
        let bodies: Vec<&[u8]> = read.iter().map(|message| &message.body[..]).collect();
        assert_eq!(bodies, [&b""[..], b"", b"{}"]);
    }
}
