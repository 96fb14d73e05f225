//! Processing one job.

use email::{SendError, Sent};
use lambda::queue::Message;
use queue::jobs::mail::Job;
use queue::{ATTEMPT_HEADER, FailedAttempt, Retried, TRACE_HEADER};
use telemetry::{Metric, Trace};
use tokio::time::Instant;

use crate::App;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Disposition {
    Sent,
    Nothing,
    Expired,
    /// Published to a delay queue, with the reason.
    Retried(String),
    /// Dropped: a mail server reported recently that the mailbox does not exist.
    Suppressed,
    /// Moved to `mail.dead`, with the reason.
    Parked(String),
}

impl Disposition {
    /// Counts the job, and logs it with the trace of the request that published it.
    fn record(&self, kind: &str, trace: Option<&Trace>) {
        let (disposition, metric) = match self {
            Self::Sent => ("sent", Some(Metric::MailsSent)),
            Self::Nothing => ("nothing", None),
            Self::Expired => ("expired", None),
            Self::Retried(_) => ("retried", None),
            Self::Suppressed => ("suppressed", None),
            Self::Parked(_) => ("parked", Some(Metric::MailsParked)),
        };
        if let Some(metric) = metric {
            telemetry::count(metric, 1);
        }
        let origin_trace_id = trace.map(Trace::id);
        tracing::info!(kind, disposition, origin_trace_id, "job settled");
    }
}

impl App {
    /// Sends, retries or parks a job. Fails only when the broker does not accept a
    /// retried or parked job.
    pub(crate) async fn process(
        &self,
        message: Message,
        deadline: Instant,
    ) -> Result<Disposition, queue::Error> {
        let trace = message.trace(TRACE_HEADER);
        let Ok(job) = serde_json::from_slice::<Job>(&message.body) else {
            let disposition = self.park_malformed(&message).await?;
            disposition.record("malformed", trace.as_ref());
            return Ok(disposition);
        };
        let kind = job.kind();
        let disposition = self.mail(&message, job, trace.clone(), deadline).await?;
        disposition.record(kind, trace.as_ref());
        Ok(disposition)
    }

    async fn mail(
        &self,
        message: &Message,
        job: Job,
        trace: Option<Trace>,
        deadline: Instant,
    ) -> Result<Disposition, queue::Error> {
        let id = &message.id;
        if job.expires_at().is_some_and(|end| end <= lambda::now()) {
            return Ok(Disposition::Expired);
        }
        if self.is_suppressed(&job).await {
            return Ok(Disposition::Suppressed);
        }
        match self.mailer.send(id, &job, deadline).await {
            Ok(Sent::Accepted) => {
                self.mark(id).await;
                Ok(Disposition::Sent)
            }
            Ok(Sent::Nothing) => Ok(Disposition::Nothing),
            Err(SendError::Permanent(reason)) => self.park(id, job, reason).await,
            Err(SendError::NoMailbox(reason)) => {
                self.suppress(&job).await;
                self.park(id, job, reason).await
            }
            Err(SendError::Transient(reason)) => {
                let attempt = FailedAttempt {
                    count: failed_attempts(message) + 1,
                    trace,
                };
                let retried = self.queue.retry(id, &job, &attempt, lambda::now());
                match retried.await? {
                    Retried::In(_) => Ok(Disposition::Retried(reason)),
                    Retried::Exhausted => self.park(id, job, exhausted(&reason)).await,
                }
            }
        }
    }

    /// Whether a mail server rejected the address recently. The email is sent if the
    /// database is unavailable.
    async fn is_suppressed(&self, job: &Job) -> bool {
        let Some(email) = job.email() else {
            return false;
        };
        match self.store.is_suppressed(email, lambda::now()).await {
            Ok(is_suppressed) => is_suppressed,
            Err(error) => {
                tracing::warn!(%error, "could not look up suppressed address");
                false
            }
        }
    }

    async fn suppress(&self, job: &Job) {
        let Some(email) = job.email() else {
            return;
        };
        if let Err(error) = self.store.suppress_address(email, lambda::now()).await {
            tracing::warn!(%error, "could not suppress address");
        }
    }

    async fn park(&self, id: &str, job: Job, reason: String) -> Result<Disposition, queue::Error> {
        self.queue.park(id, job, &reason, lambda::now()).await?;
        Ok(Disposition::Parked(reason))
    }

    async fn park_malformed(&self, message: &Message) -> Result<Disposition, queue::Error> {
        let reason = "not a mail job".to_owned();
        self.queue
            .park_malformed(&message.id, &message.body, &reason, lambda::now())
            .await?;
        Ok(Disposition::Parked(reason))
    }
}

fn failed_attempts(message: &Message) -> u32 {
    message
        .number(ATTEMPT_HEADER)
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or_default()
}

fn exhausted(reason: &str) -> String {
    format!("no attempts or no time left: {reason}")
}
