//! Messages: body, properties and headers.

use crate::jobs::fan_out::{self, Chunk};
use crate::jobs::mail::{DEAD_QUEUE, Job, QUEUE};
use crate::jobs::push;
use domain::Timestamp;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use telemetry::Trace;

use crate::topology::Delay;

/// The number of failures so far.
pub const ATTEMPT_HEADER: &str = "banter-attempt";
/// Why a job was parked, without an address.
pub const REASON_HEADER: &str = "banter-reason";
/// When a job was parked, in Unix milliseconds.
pub const PARKED_AT_HEADER: &str = "banter-parked-at";

/// The X-Ray trace of the request that published the job.
pub const TRACE_HEADER: &str = "X-Amzn-Trace-Id";

const PERSISTENT: u8 = 2;
/// The longest id of the protocol; lapin panics on a property above 255 bytes.
const ID_CHARS: usize = 64;
const MALFORMED_CHARS: usize = 4_096;
/// All headers must fit into one frame, which has at least 4 KB.
const REASON_CHARS: usize = 500;

/// A failed attempt to process a job.
#[derive(Debug, Clone, Default)]
pub struct FailedAttempt {
    /// Counted from 1.
    pub count: u32,
    pub trace: Option<Trace>,
}

#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) queue: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) properties: BasicProperties,
}

impl Message {
    /// A new job. It expires on the queue together with its code.
    pub(crate) fn job(id: &str, job: &Job, now: Timestamp) -> Self {
        let trace = telemetry::current().and_then(|invocation| invocation.trace.clone());
        let mut properties = properties(id, job.kind(), now, traced(trace.as_ref()));
        if let Some(end) = job.expires_at() {
            // Zero would expire it unless a consumer takes it immediately.
            let left = end.saturating_since(now).as_millis().max(1);
            properties = properties.with_expiration(left.to_string().into());
        }
        Self {
            queue: QUEUE,
            body: body(job),
            properties,
        }
    }

    pub(crate) fn chunk(id: &str, chunk: &Chunk, now: Timestamp) -> Self {
        let life = fan_out::CHUNK_LIFETIME.as_millis().to_string();
        Self {
            queue: fan_out::QUEUE,
            body: serde_json::to_vec(chunk).expect("a chunk is plain data with text keys"),
            properties: properties(id, "chunk", now, FieldTable::default())
                .with_expiration(life.into()),
        }
    }

    /// A request for notifications, for a queue whose TTL delivers it.
    pub(crate) fn push(id: &str, job: &push::Job, queue: &'static str, now: Timestamp) -> Self {
        Self {
            queue,
            body: serde_json::to_vec(job).expect("a job is plain data with text keys"),
            properties: properties(id, "push", now, FieldTable::default()),
        }
    }

    /// A job for a delay queue, whose TTL returns it. A TTL of the message would
    /// return an expired code as well.
    pub(crate) fn retry(
        id: &str,
        job: &Job,
        attempt: &FailedAttempt,
        delay: &Delay,
        now: Timestamp,
    ) -> Self {
        let mut headers = traced(attempt.trace.as_ref());
        headers.insert(
            ATTEMPT_HEADER.into(),
            AMQPValue::LongLongInt(attempt.count.into()),
        );
        Self {
            queue: delay.queue,
            body: body(job),
            properties: properties(id, job.kind(), now, headers),
        }
    }

    /// A job for `mail.dead`, already without its code.
    pub(crate) fn parked(id: &str, job: &Job, reason: &str, now: Timestamp) -> Self {
        Self {
            queue: DEAD_QUEUE,
            body: body(job),
            properties: properties(id, job.kind(), now, dead_letter_headers(reason, now)),
        }
    }

    /// A message that is not a job, with its digits masked.
    pub(crate) fn malformed(id: &str, body: &[u8], reason: &str, now: Timestamp) -> Self {
        let masked: String = String::from_utf8_lossy(body)
            .chars()
            .take(MALFORMED_CHARS)
            .map(|c| if c.is_numeric() { '#' } else { c })
            .collect();
        Self {
            queue: DEAD_QUEUE,
            body: masked.into_bytes(),
            properties: properties(id, "malformed", now, dead_letter_headers(reason, now))
                .with_content_type("text/plain".into()),
        }
    }
}

fn body(job: &Job) -> Vec<u8> {
    serde_json::to_vec(job).expect("a job is plain data with text keys")
}

/// Always sets priority and delivery mode: AWS's own event types fail on a message
/// without them.
fn properties(id: &str, kind: &str, now: Timestamp, headers: FieldTable) -> BasicProperties {
    let seconds = u64::try_from(now.as_secs()).unwrap_or_default();
    let id: String = id.chars().filter(char::is_ascii).take(ID_CHARS).collect();
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_priority(0)
        .with_message_id(id.into())
        .with_type(kind.into())
        .with_timestamp(seconds)
        .with_headers(headers)
}

fn traced(trace: Option<&Trace>) -> FieldTable {
    let mut headers = FieldTable::default();
    if let Some(trace) = trace {
        let header = AMQPValue::LongString(trace.header().into());
        headers.insert(TRACE_HEADER.into(), header);
    }
    headers
}

fn dead_letter_headers(reason: &str, now: Timestamp) -> FieldTable {
    let mut headers = FieldTable::default();
    let reason: String = reason.chars().take(REASON_CHARS).collect();
    headers.insert(REASON_HEADER.into(), AMQPValue::LongString(reason.into()));
    headers.insert(
        PARKED_AT_HEADER.into(),
        AMQPValue::LongLongInt(now.as_millis()),
    );
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Purpose;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn code() -> Job {
        Job::SendOtp {
            email: "ann@example.com".into(),
            otp: "12345678".into(),
            purpose: Purpose::Login,
            challenge: "c".into(),
            expires_at: at(301_000),
            link: None,
        }
    }

    #[test]
    fn item_14_a_code_expires_on_the_queue_with_its_remaining_life_and_a_notice_never() {
        let message = Message::job("c", &code(), at(1_000));
        let expiration = message.properties.expiration().clone().unwrap();
        assert_eq!(expiration.to_string(), "300000");
        let late = Message::job("c", &code(), at(400_000));
        let expiration = late.properties.expiration().clone().unwrap();
        assert_eq!(expiration.to_string(), "1");
        let notice = Message::job("n", &Job::Nothing {}, at(1_000));
        assert!(notice.properties.expiration().is_none());
    }

    #[test]
    fn every_message_is_persistent_has_priority_zero_and_the_job_s_own_id() {
        let delay = crate::topology::delay(1, None).unwrap();
        for message in [
            Message::job("c", &code(), at(1)),
            Message::retry("c", &code(), &FailedAttempt::default(), delay, at(1)),
            Message::parked("c", &code().without_code(), "why", at(1)),
            Message::malformed("c", b"{", "why", at(1)),
        ] {
            assert_eq!(*message.properties.delivery_mode(), Some(2));
            assert_eq!(*message.properties.priority(), Some(0));
            let id = message.properties.message_id().clone().unwrap();
            assert_eq!(id.to_string(), "c");
        }
    }

    #[test]
    fn a_job_keeps_the_trace_of_the_request_that_published_it() {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0";
        let trace = Trace::parse(header);
        telemetry::begin(telemetry::Invocation {
            request_id: "r".to_owned(),
            trace: trace.clone(),
        });
        let delay = crate::topology::delay(1, None).unwrap();
        let attempt = FailedAttempt { count: 1, trace };
        for message in [
            Message::job("c", &code(), at(1)),
            Message::retry("c", &code(), &attempt, delay, at(1)),
        ] {
            let headers = message.properties.headers().clone().unwrap();
            let value = headers.inner().get(TRACE_HEADER).unwrap();
            assert_eq!(value, &AMQPValue::LongString(header.into()));
        }
    }

    #[test]
    fn a_malformed_message_is_parked_with_its_digits_masked() {
        let message = Message::malformed("m", br#"{"otp":"12345678"}"#, "why", at(1));
        assert_eq!(message.body, b"{\"otp\":\"########\"}");
    }

    #[test]
    fn an_id_and_a_reason_of_any_length_are_cut() {
        let long = "x".repeat(9_000);
        let message = Message::malformed(&long, long.as_bytes(), &long, at(1));
        assert_eq!(message.body.len(), 4_096);
        let id = message.properties.message_id().clone().unwrap();
        assert_eq!(id.to_string().len(), 64);
        let headers = message.properties.headers().clone().unwrap();
        let Some(AMQPValue::LongString(reason)) = headers.inner().get(REASON_HEADER) else {
            panic!("{headers:?}");
        };
        assert_eq!(reason.as_bytes().len(), 500);
        let accents = Message::malformed("é-1", b"{", "why", at(1));
        let id = accents.properties.message_id().clone().unwrap();
        assert_eq!(id.to_string(), "-1");
    }

    #[test]
    fn a_chunk_expires_when_clients_have_sent_a_ping() {
        let chunk = Chunk {
            room: "r".into(),
            seq: 1,
            rev: None,
            sockets: vec!["a".into()],
        };
        let message = Message::chunk("1:a", &chunk, at(1));
        assert_eq!(message.queue, "fanout");
        let expiration = message.properties.expiration().clone().unwrap();
        assert_eq!(expiration.to_string(), "300000");
    }
}
