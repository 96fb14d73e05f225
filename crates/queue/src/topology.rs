//! The queues, and how long a job waits before it is tried again.
//!
//! ```text
//! mail ──expired, or given back too often──▶ mail.dead ◀──parked──┐
//!  ▲                                                              │
//!  └──after 5 s, 1 min, 10 min── mail.retry… ◀──put aside── mail-consumer
//! ```
//!
//! RabbitMQ lets a message expire only at the head of its queue, so a short
//! delay behind a long one would wait for it. Hence one queue for each delay,
//! where all messages wait alike and the head is always the next.
//!
//! All are quorum queues that dead-letter at least once, so that a job on its
//! way from one to another survives a restart in between (RabbitMQ 3.10 and
//! later; it requires `reject-publish`).

use std::time::Duration;

use crate::jobs::fan_out;
use crate::jobs::mail::{DEAD_QUEUE, QUEUE, RETRY_QUEUE};
use lapin::ErrorKind;
use lapin::options::QueueDeclareOptions;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};

use crate::Settings;
use crate::connection::{Link, LinkError};

/// How often a job may be given back to `mail` before the broker parks it. A
/// consumer that cannot reach its database takes five seconds or more to say
/// so, hence a code is dead (after five minutes) before it is parked like this.
const DELIVERY_LIMIT: i64 = 100;

/// How long `mail.dead` keeps a job. It holds addresses, which nobody should
/// keep for longer than it takes to look.
const DEAD_KEPT: Duration = Duration::from_hours(14 * 24);

/// How often an operator may look through `mail.dead` before the broker takes a
/// message there for poison: RabbitMQ 4 counts each look, and would say twenty.
const LOOKS_AT_THE_DEAD: i64 = 1_000_000;

/// After how many failures a job is given up: about ten hours of a mail server
/// that is away.
pub const MOST_ATTEMPTS: u32 = 66;

/// One length of waiting, and the queue to wait on.
#[derive(Debug, PartialEq, Eq)]
pub struct Delay {
    /// The queue, which dead-letters to `mail`.
    pub queue: &'static str,
    /// How long a job stays on it.
    pub length: Duration,
    /// After which failure this delay is the last one.
    until_attempt: u32,
}

/// Every delay, shortest first. To change a length, name a new queue: RabbitMQ
/// refuses to change one that exists.
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
        until_attempt: MOST_ATTEMPTS,
    },
];

/// How long a job waits after its `attempt`th failure, counted from 1, when it
/// has `left` to live. The longest delay up to the one that is its turn and
/// that brings it back in time; none, when it is to be parked.
pub fn delay(attempt: u32, left: Option<Duration>) -> Option<&'static Delay> {
    let turn = DELAYS
        .iter()
        .position(|delay| attempt <= delay.until_attempt)?;
    DELAYS[..=turn]
        .iter()
        .rev()
        .find(|delay| left.is_none_or(|left| left > delay.length))
}

/// Why the queues could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The broker did not answer, or refused us. It may be starting still.
    #[error("the broker cannot be used: {0}")]
    Unreachable(String),
    /// Queues exist that are not ours, or of an earlier version.
    #[error("{}", .0.join("; "))]
    Differs(Vec<String>),
}

/// Makes every queue that is not there yet. Running it again changes nothing.
pub async fn declare(settings: &Settings) -> Result<(), Fault> {
    let link = Link::open(settings).await?;
    let mut differing = Vec::new();
    for (queue, arguments) in queues() {
        let channel = link.channel().await?;
        let declared = channel
            .queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments)
            .await;
        if let Err(error) = declared {
            if !is_a_difference(&error) {
                return Err(Fault::Unreachable(error.to_string()));
            }
            differing.push(format!(
                "the queue {queue} exists with other arguments ({error}): empty and delete it, then deploy again"
            ));
        }
    }
    if differing.is_empty() {
        Ok(())
    } else {
        Err(Fault::Differs(differing))
    }
}

/// Every queue with its arguments; those that others dead-letter to come first.
fn queues() -> Vec<(&'static str, FieldTable)> {
    let mut dead = quorum();
    dead.insert("x-message-ttl".into(), millis(DEAD_KEPT));
    dead.insert(
        "x-delivery-limit".into(),
        AMQPValue::LongLongInt(LOOKS_AT_THE_DEAD),
    );
    let mut mail = dead_lettering_to(DEAD_QUEUE);
    mail.insert(
        "x-delivery-limit".into(),
        AMQPValue::LongLongInt(DELIVERY_LIMIT),
    );
    let mut queues = vec![
        (DEAD_QUEUE, dead),
        (QUEUE, mail),
        // What waits there too long is worth nothing to anybody.
        (fan_out::QUEUE, quorum()),
    ];
    for delay in &DELAYS {
        let mut waiting = dead_lettering_to(QUEUE);
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

/// Whether the broker says that the queue is there and is another.
fn is_a_difference(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(told)
        if *told.kind() == AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED))
}

impl From<LinkError> for Fault {
    fn from(error: LinkError) -> Self {
        Self::Unreachable(error.to_string())
    }
}

const _: () = assert!(DELIVERY_LIMIT * 5 > 5 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(attempt: u32, left: Option<Duration>) -> Option<u64> {
        delay(attempt, left).map(|delay| delay.length.as_secs())
    }

    #[test]
    fn a_job_waits_longer_each_few_failures_and_is_given_up_in_the_end() {
        assert_eq!(seconds(1, None), Some(5));
        assert_eq!(seconds(4, None), Some(60));
        assert_eq!(seconds(7, None), Some(600));
        assert_eq!(seconds(MOST_ATTEMPTS, None), Some(600));
        assert_eq!(seconds(MOST_ATTEMPTS + 1, None), None);
    }

    #[test]
    fn a_code_never_waits_beyond_its_end() {
        assert_eq!(seconds(4, Some(Duration::from_secs(61))), Some(60));
        assert_eq!(seconds(4, Some(Duration::from_secs(60))), Some(5));
        assert_eq!(seconds(9, Some(Duration::from_secs(6))), Some(5));
        assert_eq!(seconds(1, Some(Duration::from_secs(5))), None);
        assert_eq!(seconds(1, Some(Duration::ZERO)), None);
    }
}
