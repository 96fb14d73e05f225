//! Inspecting, replaying and discarding dead letters, for the operator.

use crate::jobs::mail::{DEAD_QUEUE, Job};
use domain::Timestamp;
use lapin::Channel;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions};
use lapin::protocol::basic::AMQPProperties;
use lapin::types::{AMQPValue, FieldTable};

use crate::connection::{Link, LinkError, broken};
use crate::message::{Message, PARKED_AT_HEADER, REASON_HEADER};
use crate::{Error, Settings};

/// Set by the broker on a message that it dead-lettered.
const BROKER_REASON_HEADER: &str = "x-first-death-reason";

/// One message of `mail.dead`.
#[derive(Debug)]
pub struct DeadLetter {
    pub id: String,
    /// `None` for a malformed message.
    pub job: Option<Job>,
    /// The consumer's or the broker's reason.
    pub reason: String,
    /// When the consumer parked it; `None` if the broker dead-lettered it.
    pub parked_at: Option<Timestamp>,
}

impl DeadLetter {
    /// Whether the job can be replayed. A code never can: the consumer parks it
    /// without its digits, and one that the broker dead-lettered has expired.
    pub fn is_replayable(&self) -> bool {
        match &self.job {
            Some(Job::SendOtp { .. } | Job::Nothing {}) | None => false,
            Some(_) => true,
        }
    }
}

/// What to do with a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Keep,
    /// Publish it to `mail` again, under its id and with all attempts.
    Replay,
    Discard,
}

/// Takes every message that is in `mail.dead` now, in order, and does what `choose`
/// says. A replayed one is in both queues for a moment, so that none is lost; the
/// consumer processes an id once. After an error the messages before it stay
/// processed.
pub async fn process(
    settings: &Settings,
    now: Timestamp,
    choose: impl Fn(&DeadLetter) -> Action,
) -> Result<Vec<DeadLetter>, Error> {
    let link = Link::open(settings).await?;
    // Kept messages stay unacknowledged and return when the channel closes.
    let channel = link.channel().await?;
    let mut messages = Vec::new();
    // No more than are there now: a replayed one may return at once.
    for _ in 0..length(&channel).await? {
        let got = channel
            .basic_get(DEAD_QUEUE.into(), BasicGetOptions::default())
            .await
            .map_err(broken)?;
        let Some(got) = got else { break };
        let message = read(&got.delivery.properties, &got.delivery.data);
        let action = choose(&message);
        if let (Action::Replay, Some(job)) = (action, &message.job) {
            link.publish(&Message::job(&message.id, job, now)).await?;
        }
        if action != Action::Keep {
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

/// The number of messages in `mail.dead`.
pub(crate) async fn count(link: &Link) -> Result<u32, LinkError> {
    let channel = link.channel().await?;
    let length = length(&channel).await?;
    channel.close(200, "done".into()).await.map_err(broken)?;
    Ok(length)
}

async fn length(channel: &Channel) -> Result<u32, LinkError> {
    // Needs no permission, and fails where there is no such queue.
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let queue = channel
        .queue_declare(DEAD_QUEUE.into(), options, FieldTable::default())
        .await
        .map_err(broken)?;
    Ok(queue.message_count())
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
    let from_broker = || text(BROKER_REASON_HEADER).map(|reason| format!("the broker: {reason}"));
    DeadLetter {
        id: properties
            .message_id()
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        job: serde_json::from_slice(body).ok(),
        reason: text(REASON_HEADER)
            .or_else(from_broker)
            .unwrap_or_else(|| "unknown".to_owned()),
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
    fn a_parked_job_has_its_reason_and_time() {
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
        assert!(notice.is_replayable());
    }

    #[test]
    fn a_code_and_a_malformed_message_are_not_replayable() {
        let code = Job::SendOtp {
            email: "ann@example.com".into(),
            otp: "12345678".into(),
            purpose: Purpose::Login,
            challenge: "c".into(),
            expires_at: Timestamp::MAX,
            link: None,
        };
        assert!(!parked(code, "550").is_replayable());
        assert!(!parked(Job::Nothing {}, "550").is_replayable());
        let message = Message::malformed("m", b"{", "not a mail job", Timestamp::from_millis(7));
        let malformed = read(&message.properties, &message.body);
        assert!(malformed.job.is_none() && !malformed.is_replayable());
    }

    #[test]
    fn a_message_dead_lettered_by_the_broker_has_the_broker_s_reason() {
        let mut headers = FieldTable::default();
        let expired = AMQPValue::LongString("expired".into());
        headers.insert(BROKER_REASON_HEADER.into(), expired);
        let properties = AMQPProperties::default().with_headers(headers);
        let message = read(&properties, b"");
        assert_eq!(message.reason, "the broker: expired");
        assert_eq!(message.parked_at, None);
    }
}
