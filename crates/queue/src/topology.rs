//! The queues, and the delays between attempts.
//!
//! ```text
//! mail ──expired, or redelivered too often──▶ mail.dead ◀──parked──┐
//!  ▲                                                              │
//!  └──after 5 s, 1 min, 10 min── mail.retry… ◀──retry──── mail-consumer
//! ```
//!
//! push.wait, push.wait.1m, push.wait.10m ──after that time──▶ push
//!
//! RabbitMQ expires a message only at the head of its queue, so a short delay
//! behind a long one would wait for it. Hence there is one queue per delay.
//!
//! All are quorum queues that dead-letter at least once, so that a job on its
//! way from one to another survives a restart in between (RabbitMQ 3.10 and
//! later; it requires `reject-publish`).

use std::time::Duration;

use crate::jobs::fan_out;
use crate::jobs::mail::{DEAD_QUEUE, QUEUE, RETRY_QUEUE};
use crate::jobs::push;
use domain::limits::NOTIFICATION_WAIT;
use lapin::ErrorKind;
use lapin::options::QueueDeclareOptions;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};

use crate::Settings;
use crate::connection::{Link, LinkError};

/// Redeliveries of a job before the broker dead-letters it. A consumer that cannot
/// reach its database takes at least five seconds to fail, so a code expires (after
/// five minutes) before it is dead-lettered like this.
const DELIVERY_LIMIT: i64 = 100;

/// `mail.dead` contains addresses, which are not kept for longer than needed.
const DEAD_LETTER_TTL: Duration = Duration::from_hours(14 * 24);

/// RabbitMQ 4 counts each inspection by the operator as a delivery, and would drop a
/// message after twenty.
const DEAD_LETTER_INSPECTIONS: i64 = 1_000_000;

/// Attempts per job, which span about ten hours.
pub const MAX_ATTEMPTS: u32 = 66;

#[derive(Debug, PartialEq, Eq)]
pub struct Delay {
    /// The queue's name. It dead-letters to `mail`.
    pub queue: &'static str,
    pub length: Duration,
    /// The last failure after which this delay is used.
    until_attempt: u32,
}

/// Shortest first. To change a delay, use a new queue name: RabbitMQ does not
/// change the arguments of an existing queue.
pub const DELAYS: [Delay; 3] = [
    Delay {
        queue: RETRY_QUEUE,
        length: Duration::from_secs(5),
        until_attempt: 3,
    },
    Delay {
        queue: "mail.retry.1m",
        length: Duration::from_secs(60),
        until_attempt: 6,
    },
    Delay {
        queue: "mail.retry.10m",
        length: Duration::from_secs(600),
        until_attempt: MAX_ATTEMPTS,
    },
];

/// The delay after the failure number `attempt`, counted from 1, of a job that
/// expires after `left`: the longest one that is due and returns the job in time.
/// `None` if the job is to be parked.
pub fn delay(attempt: u32, left: Option<Duration>) -> Option<&'static Delay> {
    let turn = DELAYS
        .iter()
        .position(|delay| attempt <= delay.until_attempt)?;
    DELAYS[..=turn]
        .iter()
        .rev()
        .find(|delay| left.is_none_or(|left| left > delay.length))
}

/// A queue whose messages move to `push` after a time.
#[derive(Debug, PartialEq, Eq)]
pub struct PushDelay {
    pub queue: &'static str,
    pub length: Duration,
}

/// Shortest first. For a change, see [`DELAYS`].
pub const PUSH_DELAYS: [PushDelay; 3] = [
    PushDelay {
        queue: push::WAIT_QUEUE,
        length: NOTIFICATION_WAIT,
    },
    PushDelay {
        queue: "push.wait.1m",
        length: Duration::from_mins(1),
    },
    PushDelay {
        queue: "push.wait.10m",
        length: Duration::from_mins(10),
    },
];

/// The shortest delay of at least `wait`, or the longest one.
pub fn push_delay(wait: Duration) -> &'static PushDelay {
    let long_enough = PUSH_DELAYS.iter().find(|delay| delay.length >= wait);
    long_enough.unwrap_or(&PUSH_DELAYS[PUSH_DELAYS.len() - 1])
}

/// Why the queues could not be declared.
#[derive(Debug, thiserror::Error)]
pub enum DeclareError {
    /// The broker did not respond or rejected the login. It may still be starting.
    #[error("broker unavailable: {0}")]
    Unavailable(String),
    /// Queues with these names exist with other arguments.
    #[error("{}", .0.join("; "))]
    Differs(Vec<String>),
}

pub async fn declare(settings: &Settings) -> Result<(), DeclareError> {
    let link = Link::open(settings).await?;
    let mut differing = Vec::new();
    for (queue, arguments) in queues() {
        let channel = link.channel().await?;
        let declared = channel
            .queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments)
            .await;
        if let Err(error) = declared {
            if !is_difference(&error) {
                return Err(DeclareError::Unavailable(error.to_string()));
            }
            differing.push(format!(
                "the queue {queue} exists with other arguments ({error}): empty and delete it, then deploy again"
            ));
        }
    }
    if differing.is_empty() {
        Ok(())
    } else {
        Err(DeclareError::Differs(differing))
    }
}

/// Every queue with its arguments, targets of dead-lettering first.
fn queues() -> Vec<(&'static str, FieldTable)> {
    let mut dead = quorum();
    dead.insert("x-message-ttl".into(), millis(DEAD_LETTER_TTL));
    dead.insert(
        "x-delivery-limit".into(),
        AMQPValue::LongLongInt(DEAD_LETTER_INSPECTIONS),
    );
    let mut mail = dead_lettering_to(DEAD_QUEUE);
    mail.insert(
        "x-delivery-limit".into(),
        AMQPValue::LongLongInt(DELIVERY_LIMIT),
    );
    // Requests for notifications expire without a trace.
    let mut requests = quorum();
    requests.insert("x-message-ttl".into(), millis(push::LIFETIME));
    let mut queues = vec![
        (DEAD_QUEUE, dead),
        (QUEUE, mail),
        // Chunks expire without a trace.
        (fan_out::QUEUE, quorum()),
        (push::QUEUE, requests),
    ];
    for delay in &DELAYS {
        let mut waiting = dead_lettering_to(QUEUE);
        waiting.insert("x-message-ttl".into(), millis(delay.length));
        queues.push((delay.queue, waiting));
    }
    for delay in &PUSH_DELAYS {
        let mut waiting = dead_lettering_to(push::QUEUE);
        waiting.insert("x-message-ttl".into(), millis(delay.length));
        queues.push((delay.queue, waiting));
    }
    queues
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

fn dead_lettering_to(queue: &str) -> FieldTable {
    let mut arguments = quorum();
    arguments.insert("x-dead-letter-exchange".into(), text(""));
    arguments.insert("x-dead-letter-routing-key".into(), text(queue));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn millis(length: Duration) -> AMQPValue {
    AMQPValue::LongLongInt(length.as_millis() as i64)
}

/// Whether the queue exists with other arguments.
fn is_difference(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error)
        if *error.kind() == AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED))
}

impl From<LinkError> for DeclareError {
    fn from(error: LinkError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

const _: () = assert!(DELIVERY_LIMIT * 5 > 5 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(attempt: u32, left: Option<Duration>) -> Option<u64> {
        delay(attempt, left).map(|delay| delay.length.as_secs())
    }

    /// RabbitMQ ignores arguments that it does not know, so their names matter.
    #[test]
    fn the_queues_have_the_arguments_that_rabbitmq_knows() {
        let queues = queues();
        let argument = |queue: &str, name: &str| {
            let (_, arguments) = queues.iter().find(|(known, _)| *known == queue)?;
            arguments.inner().get(name).cloned()
        };
        for (queue, _) in &queues {
            assert_eq!(
                argument(queue, "x-queue-type"),
                Some(text("quorum")),
                "{queue}"
            );
        }
        for (queue, target) in [
            ("mail", "mail.dead"),
            ("mail.retry", "mail"),
            ("mail.retry.1m", "mail"),
            ("mail.retry.10m", "mail"),
            ("push.wait", "push"),
            ("push.wait.1m", "push"),
            ("push.wait.10m", "push"),
        ] {
            assert_eq!(argument(queue, "x-dead-letter-exchange"), Some(text("")));
            let key = argument(queue, "x-dead-letter-routing-key");
            assert_eq!(key, Some(text(target)), "{queue}");
            let strategy = argument(queue, "x-dead-letter-strategy");
            assert_eq!(strategy, Some(text("at-least-once")), "{queue}");
            assert_eq!(argument(queue, "x-overflow"), Some(text("reject-publish")));
        }
        for (queue, millis) in [
            ("mail.retry", 5_000),
            ("mail.retry.1m", 60_000),
            ("mail.retry.10m", 600_000),
            ("mail.dead", 1_209_600_000),
            ("push", 3_600_000),
            ("push.wait", 5_000),
            ("push.wait.1m", 60_000),
            ("push.wait.10m", 600_000),
        ] {
            let ttl = argument(queue, "x-message-ttl");
            assert_eq!(ttl, Some(AMQPValue::LongLongInt(millis)), "{queue}");
        }
        assert_eq!(argument("mail", "x-message-ttl"), None);
        let limit = |queue| argument(queue, "x-delivery-limit");
        assert_eq!(limit("mail"), Some(AMQPValue::LongLongInt(100)));
        assert_eq!(limit("mail.dead"), Some(AMQPValue::LongLongInt(1_000_000)));
        for queue in ["fanout", "push"] {
            assert_eq!(argument(queue, "x-dead-letter-exchange"), None);
        }
    }

    #[test]
    fn a_push_waits_as_long_as_its_service_asked_up_to_ten_minutes() {
        let seconds = |wait| push_delay(Duration::from_secs(wait)).length.as_secs();
        assert_eq!(
            [0, 5, 6, 60, 61, 86_400].map(seconds),
            [5, 5, 60, 60, 600, 600]
        );
    }

    #[test]
    fn delays_grow_and_attempts_end() {
        assert_eq!(seconds(1, None), Some(5));
        assert_eq!(seconds(4, None), Some(60));
        assert_eq!(seconds(7, None), Some(600));
        assert_eq!(seconds(MAX_ATTEMPTS, None), Some(600));
        assert_eq!(seconds(MAX_ATTEMPTS + 1, None), None);
    }

    #[test]
    fn a_code_never_waits_beyond_its_expiry() {
        assert_eq!(seconds(4, Some(Duration::from_secs(61))), Some(60));
        assert_eq!(seconds(4, Some(Duration::from_secs(60))), Some(5));
        assert_eq!(seconds(9, Some(Duration::from_secs(6))), Some(5));
        assert_eq!(seconds(1, Some(Duration::from_secs(5))), None);
        assert_eq!(seconds(1, Some(Duration::ZERO)), None);
    }
}
