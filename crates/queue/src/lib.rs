//! The queue: mail jobs, and chunks of large rooms, on their way to RabbitMQ.
//!
//! A job counts as published once the broker has confirmed it (publisher
//! confirms), found its queue (mandatory) and holds it on disk (persistent, on
//! quorum queues). Anything short of that is [`Unavailable`], and a caller that
//! hears it promises nobody a mail.
//!
//! A job may be published twice: when a confirm is lost, the same job is sent
//! again over a new connection. Both carry the same message id, and the
//! consumer mails an id once.
//!
//! Deliberately absent: consuming. In the cloud it is the event source mapping
//! that takes jobs from the queue; only what was given up is read, by the
//! operator.
//!
//! When a message is returned, lapin itself logs it whole, code and address
//! included, and it logs as errors what is none after a freeze. Logging must let
//! nothing of its target `lapin` through; every fault is told here.

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
use message::Message;
pub use message::{ATTEMPT_HEADER, Failure, PARKED_AT_HEADER, REASON_HEADER, TRACE_HEADER};
pub use settings::{Login, Settings};

/// How long the broker may take to confirm a job.
const CONFIRM_LIMIT: Duration = Duration::from_secs(3);
/// How long one publish may take in all: a try on the old connection, a new
/// connection and a try on that. Well inside the 30 s that the HTTP API waits.
const PUBLISH_LIMIT: Duration = Duration::from_secs(9);

/// The broker did not confirm a message. The text holds nothing of its payload.
/// The same message may be accepted later.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the broker did not confirm a message: {0}")]
pub struct Error(String);

impl From<Error> for ApiError {
    fn from(_: Error) -> Self {
        Self::Unavailable(Unavailable { what: "broker" })
    }
}

/// What became of a job that was to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// It comes back to the queue after this time.
    In(Duration),
    /// It has been tried often enough, or would come back too late; it was not
    /// published and is the caller's to park.
    NotWorthIt,
}

/// A publisher of mail jobs. It may be shared by any number of tasks: they
/// publish one after the other, because confirms and returned messages of one
/// channel can only then be told apart for certain.
#[derive(Debug, Clone)]
pub struct Queue {
    settings: Arc<Settings>,
    link: Arc<Mutex<Option<Link>>>,
}

impl Queue {
    /// Connects during init. A broker that is away does not fail it: the first
    /// publish tries again.
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

    /// Connects at the first publish, for whoever hardly ever has one.
    pub fn lazy(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            link: Arc::default(),
        }
    }

    /// Hands a part of a large room's fan-out over to the function that does it.
    pub async fn hand_over(&self, chunk: &Chunk, now: Timestamp) -> Result<(), Error> {
        let first = chunk.sockets.first().map_or("", String::as_str);
        let id = format!("{}:{first}", chunk.seq);
        self.deliver(&Message::chunk(&id, chunk, now)).await
    }

    /// Publishes `job` under `id`, which stays the same however often it is
    /// sent: the challenge of a code, a random id otherwise. A job with an end
    /// expires on the queue by itself. With it goes the trace of the invocation
    /// under way.
    pub async fn publish(&self, id: &str, job: &Job, now: Timestamp) -> Result<(), Error> {
        self.deliver(&Message::job(id, job, now)).await?;
        if matches!(job, Job::SendOtp { .. }) {
            telemetry::count(Metric::CodesQueued, 1);
        }
        Ok(())
    }

    /// Puts `job` aside for a while after a failure, unless it is
    /// [`Retried::NotWorthIt`].
    pub async fn retry(
        &self,
        id: &str,
        job: &Job,
        failure: &Failure,
        now: Timestamp,
    ) -> Result<Retried, Error> {
        let left = job.expires_at().map(|end| end.saturating_since(now));
        let Some(delay) = topology::delay(failure.count, left) else {
            return Ok(Retried::NotWorthIt);
        };
        self.deliver(&Message::retry(id, job, failure, delay, now))
            .await?;
        Ok(Retried::In(delay.length))
    }

    /// Parks `job` on the queue of the dead, without its code and with the
    /// reason, which must hold no address.
    pub async fn park(
        &self,
        id: &str,
        job: Job,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.deliver(&Message::parked(id, &job.without_code(), reason, now))
            .await
    }

    /// Parks what was on the queue and is no job. All its digits are masked,
    /// since a code may be anywhere in it.
    pub async fn park_malformed(
        &self,
        id: &str,
        body: &[u8],
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.deliver(&Message::malformed(id, body, reason, now))
            .await
    }

    async fn deliver(&self, message: &Message) -> Result<(), Error> {
        timeout(PUBLISH_LIMIT, self.deliver_reopening_once(message))
            .await
            .unwrap_or_else(|_| {
                let seconds = PUBLISH_LIMIT.as_secs();
                Err(Error(format!("not confirmed within {seconds} s")))
            })
    }

    /// Tries the connection at hand and, when that is broken (a freeze of
    /// minutes, a broker that restarted), a new one.
    async fn deliver_reopening_once(&self, message: &Message) -> Result<(), Error> {
        let mut slot = self.link.lock().await;
        if let Some(link) = slot.take() {
            match attempt(&mut slot, link, message).await {
                Err(LinkError::Broken(reason)) => {
                    tracing::info!(%reason, "broker connection lost, reconnecting");
                }
                outcome => return outcome.map_err(Error::from),
            }
        }
        let link = Link::open(&self.settings).await?;
        Ok(attempt(&mut slot, link, message).await?)
    }
}

/// Publishes over `link` and puts it back into `slot` if it is still good. It
/// stays out otherwise, also when the attempt is dropped half-way: no later
/// publish may meet a confirm that was meant for this one.
async fn attempt(slot: &mut Option<Link>, link: Link, message: &Message) -> Result<(), LinkError> {
    let outcome = timeout(CONFIRM_LIMIT, link.publish(message))
        .await
        .unwrap_or_else(|_| {
            let seconds = CONFIRM_LIMIT.as_secs();
            Err(LinkError::Broken(format!("no confirm within {seconds} s")))
        });
    if !matches!(outcome, Err(LinkError::Broken(_))) {
        *slot = Some(link);
    }
    outcome
}

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Broken(reason) | LinkError::Refused(reason) => Self(reason),
        }
    }
}
