//! What lies in `mail.dead`, for the operator: looked at, put back, thrown away.

use crate::jobs::mail::{DEAD_QUEUE, Job};
use domain::Timestamp;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions};
use lapin::protocol::basic::AMQPProperties;
use lapin::types::{AMQPValue, FieldTable};

use crate::connection::{Link, broken};
use crate::message::{Message, PARKED_AT_HEADER, REASON_HEADER};
use crate::{Error, Settings};

/// What the broker notes on a message that it moved there by itself.
const BROKER_S_REASON_HEADER: &str = "x-first-death-reason";

/// One message of `mail.dead`.
#[derive(Debug)]
pub struct DeadLetter {
    /// The job's id.
    pub id: String,
    /// The job, unless it never was one.
    pub job: Option<Job>,
    /// Why it is there: the consumer's words, or those of the broker.
    pub reason: String,
    /// When the consumer parked it; none if the broker put it there.
    pub parked_at: Option<Timestamp>,
}

impl DeadLetter {
    /// Whether mailing it still makes sense. A code never does: the consumer
    /// parks it without its digits, and what the broker puts there by itself is
    /// over. Whoever waits for one has asked for another.
    pub fn makes_sense(&self) -> bool {
        match &self.job {
            Some(Job::SendOtp { .. } | Job::Nothing {}) | None => false,
            Some(_) => true,
        }
    }
}

/// What is to be done with a dead message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It stays where it is.
    Keep,
    /// It goes back to the queue `mail` under the id that it had, with all its
    /// tries before it.
    Replay,
    /// It is thrown away.
    Discard,
}

/// Takes every message that is in `mail.dead` now, in its order, and does with
/// each what `judge` says. One that goes back is on both queues for a moment, so
/// that none is lost; the consumer mails an id once.
///
/// # Errors
/// When the broker is away or there is no such queue; what was done until then
/// stays done.
pub async fn go_through(
    settings: &Settings,
    now: Timestamp,
    judge: impl Fn(&DeadLetter) -> Wanted,
) -> Result<Vec<DeadLetter>, Error> {
    let link = Link::open(settings).await?;
    // What is kept stays unacknowledged, and goes back when the channel closes.
    let channel = link.channel().await?;
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let queue = channel
        .queue_declare(DEAD_QUEUE.into(), options, FieldTable::default())
        .await
        .map_err(broken)?;
    let mut messages = Vec::new();
    // No more than are there now: one that is replayed may come back at once.
    for _ in 0..queue.message_count() {
        let got = channel
            .basic_get(DEAD_QUEUE.into(), BasicGetOptions::default())
            .await
            .map_err(broken)?;
        let Some(got) = got else { break };
        let message = read(&got.delivery.properties, &got.delivery.data);
        let wanted = judge(&message);
        if let (Wanted::Replay, Some(job)) = (wanted, &message.job) {
            link.publish(&Message::job(&message.id, job, now)).await?;
        }
        if wanted != Wanted::Keep {
            got.delivery
                .acker
                .ack(BasicAckOptions::default())
                .await
                .map_err(broken)?;
        }
        messages.push(message);
    }
    channel.close(200, "done".into()).await.map_err(broken)?;
    Ok(messages)
}

fn read(properties: &AMQPProperties, body: &[u8]) -> DeadLetter {
    let header = |name: &str| {
        let headers = properties.headers().as_ref()?;
        headers.inner().get(name)
    };
    let text = |name: &str| match header(name)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    };
    let from_broker = || text(BROKER_S_REASON_HEADER).map(|word| format!("the broker: {word}"));
    DeadLetter {
        id: properties
            .message_id()
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        job: serde_json::from_slice(body).ok(),
        reason: text(REASON_HEADER)
            .or_else(from_broker)
            .unwrap_or_else(|| "none was given".to_owned()),
        parked_at: match header(PARKED_AT_HEADER) {
            Some(AMQPValue::LongLongInt(at)) => Some(Timestamp::from_millis(*at)),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Purpose;

    fn parked(job: Job, reason: &str) -> DeadLetter {
        let message = Message::parked("j", &job.without_code(), reason, Timestamp::from_millis(7));
        read(&message.properties, &message.body)
    }

    #[test]
    fn a_parked_job_tells_its_reason_and_when_it_was_parked() {
        let email = "ann@example.com".to_owned();
        let notice = parked(
            Job::PasswordChanged {
                email,
                totp: false,
                passkeys: 0,
            },
            "550 5.1.1",
        );
        assert_eq!(
            (notice.id.as_str(), notice.parked_at),
            ("j", Some(Timestamp::from_millis(7)))
        );
        assert_eq!(notice.reason, "550 5.1.1");
        assert!(notice.makes_sense());
    }

    #[test]
    fn a_code_and_what_is_no_job_are_not_put_back() {
        let code = Job::SendOtp {
            email: "ann@example.com".into(),
            otp: "12345678".into(),
            purpose: Purpose::Login,
            challenge: "c".into(),
            expires_at: Timestamp::MAX,
            link: None,
        };
        assert!(!parked(code, "550").makes_sense());
        assert!(!parked(Job::Nothing {}, "550").makes_sense());
        let message = Message::malformed("m", b"{", "it is no mail job", Timestamp::from_millis(7));
        let malformed = read(&message.properties, &message.body);
        assert!(malformed.job.is_none() && !malformed.makes_sense());
    }

    #[test]
    fn what_the_broker_put_there_says_so() {
        let mut headers = FieldTable::default();
        let expired = AMQPValue::LongString("expired".into());
        headers.insert(BROKER_S_REASON_HEADER.into(), expired);
        let properties = AMQPProperties::default().with_headers(headers);
        let message = read(&properties, b"");
        assert_eq!(message.reason, "the broker: expired");
        assert_eq!(message.parked_at, None);
    }
}
