//! The texts of our emails, and SMTP.
//!
//! Every email has a text and an HTML part with the same paragraphs, says why it
//! was sent and what to do if the recipient did not ask for it. Its Message-ID is
//! made from the job's id, so that a duplicate is recognizable.
//!
//! This crate does not retry: the consumer decides what an error means for a job.

mod format;
mod message;
mod send_error;
mod settings;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use queue::jobs::mail::Job;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use message::Email;
pub use send_error::SendError;
pub use settings::Settings;

/// Emails sent at the same time. SES allows 14 a second at first, and each takes
/// a little more than 100 ms.
pub const CONCURRENT: usize = 10;
/// Includes connecting, TLS and login.
const SEND_LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(4);
/// Connections idle for longer than this are replaced: a frozen function does not
/// notice that the server closed the connection, and would wait for a reply
/// forever.
const IDLE_LIMIT: Duration = Duration::from_secs(15);

/// The result of a job that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The mail server accepted the email.
    Accepted,
    /// The job has no email.
    Nothing,
}

/// Sends emails over a pool of connections.
#[derive(Debug)]
pub struct Mailer {
    from: Mailbox,
    origin: String,
    server: AsyncSmtpTransportBuilder,
    pool: Mutex<Pool>,
    free: Semaphore,
}

#[derive(Debug)]
struct Pool {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    used: SystemTime,
}

impl Mailer {
    /// The first email connects. Must be called within a Tokio runtime.
    pub fn new(settings: Settings) -> Self {
        let pool_config = PoolConfig::new().max_size(u32::try_from(CONCURRENT).unwrap_or(1));
        let server = settings
            .server
            .timeout(Some(CONNECT_LIMIT))
            .pool_config(pool_config);
        let pool = Pool {
            transport: server.clone().build(),
            used: SystemTime::now(),
        };
        Self {
            from: settings.from,
            origin: settings.origin,
            server,
            pool: Mutex::new(pool),
            free: Semaphore::new(CONCURRENT),
        }
    }

    /// Sends the email of the job `id`, before `deadline`. Any number of calls may
    /// run at once; all but [`CONCURRENT`] wait.
    pub async fn send(&self, id: &str, job: &Job, deadline: Instant) -> Result<Sent, SendError> {
        let Some(message) = self.message(id, job)? else {
            return Ok(Sent::Nothing);
        };
        let Ok(Ok(_turn)) = timeout_at(deadline, self.free.acquire()).await else {
            return Err(SendError::Transient("no time left".to_owned()));
        };
        let transport = self.transport();
        let limit = deadline.min(Instant::now() + SEND_LIMIT);
        match timeout_at(limit, transport.send(message)).await {
            Ok(Ok(_)) => Ok(Sent::Accepted),
            Ok(Err(error)) => Err(SendError::from(error)),
            Err(_) => Err(SendError::Transient(
                "the mail server was too slow".to_owned(),
            )),
        }
    }

    fn message(&self, id: &str, job: &Job) -> Result<Option<Message>, SendError> {
        let permanent = |reason: &str| SendError::Permanent(reason.to_owned());
        let Some((to, email)) = Email::for_job(job, &self.origin) else {
            return Ok(None);
        };
        if email.lacks_its_code() {
            return Err(permanent("the job has no code"));
        }
        let to: Address = to.parse().map_err(|_| permanent("invalid address"))?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(email.subject)
            .message_id(Some(self.message_id(id)))
            .date_now()
            .raw_header(automatic())
            .multipart(MultiPart::alternative_plain_html(
                email.text(),
                email.html(),
            ))
            .map(Some)
            .map_err(|_| permanent("the email could not be composed"))
    }

    fn message_id(&self, id: &str) -> String {
        let id: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        format!("<{id}@{}>", self.from.email.domain())
    }

    /// The current pool, or a new one if it was idle for too long.
    fn transport(&self) -> AsyncSmtpTransport<Tokio1Executor> {
        // The pool is consistent at any time, so a poisoned lock is harmless.
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now();
        let idle = now.duration_since(pool.used).unwrap_or_default();
        if idle > IDLE_LIMIT {
            pool.transport = self.server.clone().build();
        }
        pool.used = now;
        pool.transport.clone()
    }
}

/// Asks mail systems not to send automatic replies (RFC 3834).
fn automatic() -> HeaderValue {
    HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    )
}
