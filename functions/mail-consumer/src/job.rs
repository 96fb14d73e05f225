//! What becomes of one job.

use email::Outcome;
use lambda::queue::Message;
use queue::jobs::mail::Job;
use queue::{ATTEMPT_HEADER, Failure, Retried, TRACE_HEADER};
use telemetry::{Metric, Trace};
use tokio::time::Instant;

use crate::App;

/// How a job ended, or went on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Mailed, and marked.
    Sent,
    /// It asked for no mail.
    Nothing,
    /// Its code was dead.
    Expired,
    /// Put aside, to come back; why.
    Retried(String),
    /// Dropped: a mail server said lately that there is no such mailbox.
    Suppressed,
    /// On the queue of the dead; why.
    Parked(String),
}

impl Fate {
    /// Counts it, and writes a line that leads back to the request that asked for
    /// the job.
    fn record(&self, kind: &str, trace: Option<&Trace>) {
        let (fate, metric) = match self {
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
        tracing::info!(kind, fate, origin_trace_id, "job settled");
    }
}

impl App {
    /// Mails a job, or puts it where it belongs. Fails only when the broker does
    /// not take what has to be put somewhere.
    pub(crate) async fn settle(
        &self,
        message: Message,
        deadline: Instant,
    ) -> Result<Fate, queue::Error> {
        let trace = message.trace(TRACE_HEADER);
        let Ok(job) = serde_json::from_slice::<Job>(&message.body) else {
            let fate = self.park_malformed(&message).await?;
            fate.record("malformed", trace.as_ref());
            return Ok(fate);
        };
        let kind = job.kind();
        let fate = self.mail(&message, job, trace.clone(), deadline).await?;
        fate.record(kind, trace.as_ref());
        Ok(fate)
    }

    async fn mail(
        &self,
        message: &Message,
        job: Job,
        trace: Option<Trace>,
        deadline: Instant,
    ) -> Result<Fate, queue::Error> {
        let id = &message.id;
        if job.expires_at().is_some_and(|end| end <= lambda::now()) {
            return Ok(Fate::Expired);
        }
        if self.is_suppressed(&job).await {
            return Ok(Fate::Suppressed);
        }
        match self.mailer.send(id, &job, deadline).await {
            Outcome::Sent => {
                self.mark(id).await;
                Ok(Fate::Sent)
            }
            Outcome::NothingToSend => Ok(Fate::Nothing),
            Outcome::Permanent(reason) => self.park(id, job, reason).await,
            Outcome::NoMailbox(reason) => {
                self.suppress(&job).await;
                self.park(id, job, reason).await
            }
            Outcome::Transient(reason) => {
                let failure = Failure {
                    count: failures(message) + 1,
                    trace,
                };
                let retried = self.queue.retry(id, &job, &failure, lambda::now());
                match retried.await? {
                    Retried::In(_) => Ok(Fate::Retried(reason)),
                    Retried::Exhausted => self.park(id, job, given_up(&reason)).await,
                }
            }
        }
    }

    /// Whether the address was refused lately. While the database does not say, the
    /// email is sent.
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

    async fn park(&self, id: &str, job: Job, reason: String) -> Result<Fate, queue::Error> {
        self.queue.park(id, job, &reason, lambda::now()).await?;
        Ok(Fate::Parked(reason))
    }

    async fn park_malformed(&self, message: &Message) -> Result<Fate, queue::Error> {
        let reason = "it is no mail job".to_owned();
        self.queue
            .park_malformed(&message.id, &message.body, &reason, lambda::now())
            .await?;
        Ok(Fate::Parked(reason))
    }
}

/// How often the job has failed so far.
fn failures(message: &Message) -> u32 {
    message
        .number(ATTEMPT_HEADER)
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or_default()
}

fn given_up(reason: &str) -> String {
    format!("given up, or it would come back too late: {reason}")
}
