//! Publishing to RabbitMQ: email jobs, fan-out chunks and requests for notifications.
//!
//! A message is published once the broker has confirmed it (publisher confirms),
//! routed it to its queue (mandatory) and stored it on disk (persistent, quorum
//! queues). Anything less is an [`Error`].
//!
//! A message may be published twice: when a confirm is lost, it is sent again over
//! a new connection. Both copies have the same message id, and the consumer
//! processes an id once.
//!
//! This crate does not consume: the event source mapping does. Only `mail.dead` is
//! read here, for the operator.
//!
//! lapin logs a returned message whole, code and address included, and logs errors
//! after every freeze. The log must therefore drop the target `lapin`.

mod connection;
pub mod dead_letters;
pub mod jobs;
mod message;
mod settings;
pub mod topology;

use std::sync::Arc;
use std::time::Duration;

use domain::{ApiError, Timestamp, Unavailable};
use telemetry::Metric;
use tokio::sync::Mutex;
use tokio::time::timeout;

use connection::{Link, LinkError};
use jobs::fan_out::Chunk;
use jobs::mail::Job;
use jobs::push;
use message::Message;
pub use message::{ATTEMPT_HEADER, FailedAttempt, PARKED_AT_HEADER, REASON_HEADER, TRACE_HEADER};
pub use settings::{Login, Settings};

const CONFIRM_LIMIT: Duration = Duration::from_secs(3);
/// Time for an attempt on the old connection, a new connection and an attempt on
/// that one: well within the HTTP API's 30 s.
const PUBLISH_LIMIT: Duration = Duration::from_secs(9);

const COUNT_LIMIT: Duration = Duration::from_secs(2);

/// The broker did not confirm a message, which may be accepted later. The text
/// contains nothing of the payload.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the broker did not confirm a message: {0}")]
pub struct Error(String);

impl From<Error> for ApiError {
    fn from(_: Error) -> Self {
        Self::Unavailable(Unavailable { what: "broker" })
    }
}

/// The result of [`Queue::retry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// The job returns to the queue after this time.
    In(Duration),
    /// The job has no attempts left, or would return too late. It was not
    /// published; the caller must park it.
    Exhausted,
}

/// A publisher. Tasks that share it publish one after the other, because only then
/// can the confirms and returned messages of a channel be distinguished.
#[derive(Debug, Clone)]
pub struct Queue {
    settings: Arc<Settings>,
    link: Arc<Mutex<Option<Link>>>,
}

impl Queue {
    /// Connects during init. If the broker is unavailable, the first publish tries
    /// again.
    pub async fn connect(settings: Settings) -> Self {
        let link = Link::open(&settings).await;
        if let Err(error) = &link {
            tracing::warn!(%error, "broker unavailable at start, will connect at first publish");
        }
        Self {
            settings: Arc::new(settings),
            link: Arc::new(Mutex::new(link.ok())),
        }
    }

    /// Connects at the first publish, for functions that rarely publish.
    pub fn lazy(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            link: Arc::default(),
        }
    }

    pub async fn publish_chunk(&self, chunk: &Chunk, now: Timestamp) -> Result<(), Error> {
        let first = chunk.sockets.first().map_or("", String::as_str);
        let id = format!("{}:{first}", chunk.seq);
        self.send(&Message::chunk(&id, chunk, now)).await
    }

    /// Publishes a request for notifications, which is delivered after
    /// [`NOTIFICATION_WAIT`](domain::limits::NOTIFICATION_WAIT).
    pub async fn publish_push(&self, job: &push::Job, now: Timestamp) -> Result<(), Error> {
        let id = format!("push-{}", job.seq);
        self.send(&Message::push(&id, job, push::WAIT_QUEUE, now))
            .await
    }

    /// Publishes a request again that a push service asked to repeat after `wait`.
    pub async fn retry_push(
        &self,
        job: &push::Job,
        wait: Duration,
        now: Timestamp,
    ) -> Result<(), Error> {
        let id = format!("push-{}", job.seq);
        let delay = topology::push_delay(wait);
        self.send(&Message::push(&id, job, delay.queue, now)).await
    }

    /// Publishes `job` under `id`: the challenge of a code, a random id otherwise.
    /// A job with an `expires_at` expires on the queue. The message carries the
    /// trace of the current invocation.
    pub async fn publish(&self, id: &str, job: &Job, now: Timestamp) -> Result<(), Error> {
        self.send(&Message::job(id, job, now)).await?;
        if matches!(job, Job::SendOtp { .. }) {
            telemetry::count(Metric::CodesQueued, 1);
        }
        Ok(())
    }

    /// Publishes `job` to a delay queue after a failure.
    pub async fn retry(
        &self,
        id: &str,
        job: &Job,
        attempt: &FailedAttempt,
        now: Timestamp,
    ) -> Result<Retried, Error> {
        let left = job.expires_at().map(|end| end.saturating_since(now));
        let Some(delay) = topology::delay(attempt.count, left) else {
            return Ok(Retried::Exhausted);
        };
        self.send(&Message::retry(id, job, attempt, delay, now))
            .await?;
        Ok(Retried::In(delay.length))
    }

    /// Moves `job` to `mail.dead`, without its code. `reason` must contain no
    /// address.
    pub async fn park(
        &self,
        id: &str,
        job: Job,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.send(&Message::parked(id, &job.without_code(), reason, now))
            .await
    }

    /// Moves a message that is not a job to `mail.dead`. All digits are masked,
    /// since any of them may be a code.
    pub async fn park_malformed(
        &self,
        id: &str,
        body: &[u8],
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.send(&Message::malformed(id, body, reason, now)).await
    }

    /// The number of jobs in `mail.dead`, over the open connection. `None` if there is
    /// none or it is broken: the next publish reconnects.
    pub async fn parked_jobs(&self) -> Option<u32> {
        let slot = self.link.lock().await;
        let counted = timeout(COUNT_LIMIT, dead_letters::count(slot.as_ref()?)).await;
        counted.ok()?.ok()
    }

    async fn send(&self, message: &Message) -> Result<(), Error> {
        timeout(PUBLISH_LIMIT, self.send_with_one_reconnect(message))
            .await
            .unwrap_or_else(|_| {
                let seconds = PUBLISH_LIMIT.as_secs();
                Err(Error(format!("not confirmed within {seconds} s")))
            })
    }

    /// Uses the open connection and, if it is broken (after a freeze or a restart
    /// of the broker), a new one.
    async fn send_with_one_reconnect(&self, message: &Message) -> Result<(), Error> {
        let mut slot = self.link.lock().await;
        if let Some(link) = slot.take() {
            match attempt(&mut slot, link, message).await {
                Err(LinkError::Broken(reason)) => {
                    tracing::info!(%reason, "broker connection lost, reconnecting");
                }
                result => return result.map_err(Error::from),
            }
        }
        let link = Link::open(&self.settings).await?;
        Ok(attempt(&mut slot, link, message).await?)
    }
}

/// Publishes over `link` and puts it back into `slot` if it still works. It stays
/// out if the attempt is dropped half-way, so that no later publish can receive
/// this one's confirm.
async fn attempt(slot: &mut Option<Link>, link: Link, message: &Message) -> Result<(), LinkError> {
    let result = timeout(CONFIRM_LIMIT, link.publish(message))
        .await
        .unwrap_or_else(|_| {
            let seconds = CONFIRM_LIMIT.as_secs();
            Err(LinkError::Broken(format!("no confirm within {seconds} s")))
        });
    if !matches!(result, Err(LinkError::Broken(_))) {
        *slot = Some(link);
    }
    result
}

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Broken(reason) | LinkError::Rejected(reason) => Self(reason),
        }
    }
}
