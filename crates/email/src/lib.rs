//! What our mail says, and how it gets to a mail server.
//!
//! Every mail has a text and an HTML part made from the same paragraphs, says
//! why it was sent and what to do if one did not ask for it, and has a
//! Message-ID made from its job's id, so that a job that was mailed twice is
//! recognisable.
//!
//! Deliberately absent: trying again. What a refusal means for a job is the
//! consumer's to decide.

mod format;
mod message;
mod settings;
mod smtp_error;

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
pub use settings::Settings;

/// Mails on their way at once. SES allows 14 a second at first, and each takes a
/// good tenth of one.
pub const CONCURRENT: usize = 10;
/// How long one mail may take: connecting, TLS, login and the mail itself.
const SEND_LIMIT: Duration = Duration::from_secs(10);
/// How long a connection may take to open.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);
/// Connections that were unused for this long are not trusted any more: a
/// function that was frozen does not notice that the server hung up, and would
/// wait for an answer that cannot come.
const TRUSTED_FOR: Duration = Duration::from_secs(15);

/// What became of a mail. Reasons hold no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server has taken it.
    Sent,
    /// The job asks for no mail.
    NothingToSend,
    /// It may be taken later: the server is unavailable, slow, busy or refuses our
    /// login. It may even have been taken, if the answer alone was lost.
    Transient(String),
    /// It will not be taken, however often it is tried.
    Permanent(String),
    /// The same, because there is no such mailbox.
    NoMailbox(String),
}

/// Mails jobs over a few connections that are kept between mails.
#[derive(Debug)]
pub struct Mailer {
    from: Mailbox,
    origin: String,
    server: AsyncSmtpTransportBuilder,
    kept: Mutex<Kept>,
    free: Semaphore,
}

#[derive(Debug)]
struct Kept {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    used: SystemTime,
}

impl Mailer {
    /// Prepares a mailer; the first mail connects. Must be called within a Tokio
    /// runtime.
    pub fn new(settings: Settings) -> Self {
        let pool = PoolConfig::new().max_size(u32::try_from(CONCURRENT).unwrap_or(1));
        let server = settings
            .server
            .timeout(Some(CONNECT_LIMIT))
            .pool_config(pool);
        let kept = Kept {
            transport: server.clone().build(),
            used: SystemTime::now(),
        };
        Self {
            from: settings.from,
            origin: settings.origin,
            server,
            kept: Mutex::new(kept),
            free: Semaphore::new(CONCURRENT),
        }
    }

    /// Mails `job`, which is known as `id`, or says before `deadline` why not.
    /// Any number of mails may be sent at once; [`CONCURRENT`] are on their way,
    /// the others wait.
    pub async fn send(&self, id: &str, job: &Job, deadline: Instant) -> Outcome {
        let message = match self.message(id, job) {
            Ok(message) => message,
            Err(outcome) => return outcome,
        };
        let Ok(Ok(_turn)) = timeout_at(deadline, self.free.acquire()).await else {
            return Outcome::Transient("there was no time left to mail it".to_owned());
        };
        let transport = self.transport();
        let limit = deadline.min(Instant::now() + SEND_LIMIT);
        match timeout_at(limit, transport.send(message)).await {
            Ok(Ok(_)) => Outcome::Sent,
            Ok(Err(error)) => smtp_error::outcome(&error),
            Err(_) => Outcome::Transient("the mail server was too slow".to_owned()),
        }
    }

    fn message(&self, id: &str, job: &Job) -> Result<Message, Outcome> {
        let permanent = |reason: &str| Outcome::Permanent(reason.to_owned());
        let Some((to, letter)) = Email::for_job(job, &self.origin) else {
            return Err(Outcome::NothingToSend);
        };
        if letter.lacks_its_code() {
            return Err(permanent("the job holds no code"));
        }
        let to: Address = to
            .parse()
            .map_err(|_| permanent("the address is not one that mail can be sent to"))?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .message_id(Some(self.message_id(id)))
            .date_now()
            .raw_header(automatic())
            .multipart(MultiPart::alternative_plain_html(
                letter.text(),
                letter.html(),
            ))
            .map_err(|_| permanent("the mail could not be composed"))
    }

    fn message_id(&self, id: &str) -> String {
        let id: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        format!("<{id}@{}>", self.from.email.domain())
    }

    /// The connections at hand, or fresh ones if these have lain idle.
    fn transport(&self) -> AsyncSmtpTransport<Tokio1Executor> {
        // What the lock guards is whole at any time.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now();
        let idle = now.duration_since(kept.used).unwrap_or_default();
        if idle > TRUSTED_FOR {
            kept.transport = self.server.clone().build();
        }
        kept.used = now;
        kept.transport.clone()
    }
}

/// Tells other machines not to answer, as with an absence note (RFC 3834).
fn automatic() -> HeaderValue {
    HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    )
}
