//! The event that a function gets, field for field as Lambda builds it for
//! Amazon MQ: unset properties are null, long strings are arrays of bytes, and
//! times are in the text form of Lambda's poller.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use sam_template::application::MqMapping;

/// The greatest event: the payload of a synchronous invocation, 6 MB.
const EVENT_BYTES: usize = 6 * 1024 * 1024;

/// The room for records in one event of `mapping`, the commas between them included.
pub fn record_bytes(mapping: &MqMapping) -> usize {
    EVENT_BYTES - payload(mapping, &[]).len()
}

/// The event with these records.
pub fn payload(mapping: &MqMapping, records: &[Vec<u8>]) -> Bytes {
    let queue = format!("{}::{}", mapping.queue, mapping.virtual_host);
    let mut payload = format!(
        r#"{{"eventSource":"aws:rmq","eventSourceArn":{},"rmqMessagesByQueue":{{{}:["#,
        Value::from(mapping.broker_arn.as_str()),
        Value::from(queue)
    )
    .into_bytes();
    payload.extend(records.join(&b','));
    payload.extend(b"]}}");
    payload.into()
}

/// One message of an event.
pub fn record(delivery: &Delivery) -> Vec<u8> {
    record_of(&delivery.properties, delivery.redelivered, &delivery.data)
}

/// A message with these properties.
pub fn record_of(with: &BasicProperties, redelivered: bool, data: &[u8]) -> Vec<u8> {
    let record = Record {
        basic_properties: properties(with, data.len()),
        redelivered,
        data: BASE64_STANDARD.encode(data),
    };
    serde_json::to_vec(&record).expect("texts and numbers always make JSON")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    basic_properties: Properties<'a>,
    redelivered: bool,
    data: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    content_type: Option<&'a str>,
    content_encoding: Option<&'a str>,
    headers: Option<Value>,
    delivery_mode: Option<u8>,
    priority: Option<u8>,
    correlation_id: Option<&'a str>,
    reply_to: Option<&'a str>,
    expiration: Option<&'a str>,
    message_id: Option<&'a str>,
    timestamp: Option<String>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    user_id: Option<&'a str>,
    app_id: Option<&'a str>,
    cluster_id: Option<&'a str>,
    body_size: usize,
}

fn properties(properties: &BasicProperties, body_size: usize) -> Properties<'_> {
    Properties {
        content_type: text(properties.content_type()),
        content_encoding: text(properties.content_encoding()),
        headers: properties.headers().as_ref().map(table),
        delivery_mode: *properties.delivery_mode(),
        priority: *properties.priority(),
        correlation_id: text(properties.correlation_id()),
        reply_to: text(properties.reply_to()),
        expiration: text(properties.expiration()),
        message_id: text(properties.message_id()),
        timestamp: properties.timestamp().map(time_text),
        kind: text(properties.kind()),
        user_id: text(properties.user_id()),
        app_id: text(properties.app_id()),
        cluster_id: text(properties.cluster_id()),
        body_size,
    }
}

fn text(value: &Option<ShortString>) -> Option<&str> {
    value.as_ref().map(ShortString::as_str)
}

fn table(table: &FieldTable) -> Value {
    let members = table
        .inner()
        .iter()
        .map(|(name, field)| (name.to_string(), value(field)));
    Value::Object(members.collect())
}

fn value(field: &AMQPValue) -> Value {
    match field {
        AMQPValue::Boolean(value) => json!(value),
        AMQPValue::ShortShortInt(value) => json!(value),
        AMQPValue::ShortShortUInt(value) => json!(value),
        AMQPValue::ShortInt(value) => json!(value),
        AMQPValue::ShortUInt(value) => json!(value),
        AMQPValue::LongInt(value) => json!(value),
        AMQPValue::LongUInt(value) => json!(value),
        AMQPValue::LongLongInt(value) => json!(value),
        AMQPValue::Float(value) => json!(value),
        AMQPValue::Double(value) => json!(value),
        AMQPValue::DecimalValue(decimal) => {
            json!(f64::from(decimal.value) / 10_f64.powi(decimal.scale.into()))
        }
        AMQPValue::ShortString(value) => json!(value.as_str()),
        AMQPValue::LongString(value) => json!({ "bytes": value.as_bytes() }),
        AMQPValue::FieldArray(values) => values.as_slice().iter().map(value).collect(),
        AMQPValue::Timestamp(seconds) => json!(time_text(*seconds)),
        AMQPValue::FieldTable(members) => table(members),
        AMQPValue::ByteArray(bytes) => json!(bytes.as_slice()),
        AMQPValue::Void => Value::Null,
    }
}

/// `Jan 1, 1970, 12:33:41 AM`, in UTC.
fn time_text(unix_seconds: u64) -> String {
    i64::try_from(unix_seconds)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| {
            time.format(format_description!(
                "[month repr:short] [day padding:none], [year], [hour repr:12 padding:none]:[minute]:[second] [period]"
            ))
            .ok()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping() -> MqMapping {
        MqMapping {
            broker_arn: "arn:aws:mq:us-east-1:123456789012:broker:Broker:b-1".to_owned(),
            function: "MailConsumer".to_owned(),
            queue: "test".to_owned(),
            virtual_host: "/".to_owned(),
            username: String::new(),
            password: String::new(),
            batch_size: 10,
            window: std::time::Duration::from_millis(500),
        }
    }

    fn record_of(set: BasicProperties, data: &[u8]) -> Vec<u8> {
        let record = Record {
            basic_properties: properties(&set, data.len()),
            redelivered: false,
            data: BASE64_STANDARD.encode(data),
        };
        serde_json::to_vec(&record).expect("always JSON")
    }

    fn parsed(set: BasicProperties) -> Value {
        let payload = payload(&mapping(), &[record_of(set, b"{}")]);
        serde_json::from_slice(&payload).expect("the event is JSON")
    }

    #[test]
    fn the_event_is_that_of_the_documentation() {
        let mut headers = FieldTable::default();
        headers.insert("header1".into(), AMQPValue::LongString("value1".into()));
        headers.insert("numberInHeader".into(), AMQPValue::LongInt(10));
        let set = BasicProperties::default()
            .with_content_type("text/plain".into())
            .with_headers(headers)
            .with_delivery_mode(1)
            .with_priority(34)
            .with_expiration("60000".into())
            .with_timestamp(2021)
            .with_user_id("AIDACKCEVSQ6C2EXAMPLE".into());
        let expected = json!({
            "eventSource": "aws:rmq",
            "eventSourceArn": mapping().broker_arn,
            "rmqMessagesByQueue": {"test::/": [{
                "basicProperties": {
                    "contentType": "text/plain",
                    "contentEncoding": null,
                    "headers": {
                        "header1": {"bytes": [118, 97, 108, 117, 101, 49]},
                        "numberInHeader": 10
                    },
                    "deliveryMode": 1,
                    "priority": 34,
                    "correlationId": null,
                    "replyTo": null,
                    "expiration": "60000",
                    "messageId": null,
                    "timestamp": "Jan 1, 1970, 12:33:41 AM",
                    "type": null,
                    "userId": "AIDACKCEVSQ6C2EXAMPLE",
                    "appId": null,
                    "clusterId": null,
                    "bodySize": 2
                },
                "redelivered": false,
                "data": "e30="
            }]}
        });
        assert_eq!(parsed(set), expected);
    }

    #[test]
    fn unset_properties_are_null_priority_included() {
        let event = parsed(BasicProperties::default());
        let properties = &event["rmqMessagesByQueue"]["test::/"][0]["basicProperties"];
        let properties = properties.as_object().expect("an object");
        assert_eq!(properties.len(), 15);
        for (name, value) in properties {
            assert_eq!(value.is_null(), name != "bodySize", "{name}");
        }
    }

    #[test]
    fn dead_letterings_are_recorded_in_the_headers() {
        let mut death = FieldTable::default();
        death.insert("count".into(), AMQPValue::LongLongInt(2));
        death.insert("time".into(), AMQPValue::Timestamp(1_707_503_008));
        let mut headers = FieldTable::default();
        headers.insert(
            "x-death".into(),
            AMQPValue::FieldArray(vec![AMQPValue::FieldTable(death)].into()),
        );
        let event = parsed(BasicProperties::default().with_headers(headers));
        assert_eq!(
            event["rmqMessagesByQueue"]["test::/"][0]["basicProperties"]["headers"],
            json!({"x-death": [{"count": 2, "time": "Feb 9, 2024, 6:23:28 PM"}]})
        );
    }

    #[test]
    fn records_fill_an_event_up_to_its_greatest_size() {
        let mapping = mapping();
        let record = vec![b'1'; record_bytes(&mapping)];
        assert_eq!(payload(&mapping, &[record]).len(), EVENT_BYTES);
        let halves = [vec![b'1'; 10], vec![b'1'; record_bytes(&mapping) - 11]];
        assert_eq!(payload(&mapping, &halves).len(), EVENT_BYTES);
    }
}
