//! Mailing a code: the challenge is kept, its job is confirmed by the broker, and
//! only then is anything promised.

use credentials::{Pepper, random};
use domain::limits::{CODE_LIFETIME, CODES_MAILED, RESEND_WAIT};
use domain::mail::Job;
use domain::{EmailAddress, Millis, Purpose};
use outbox::Outbox;
use store::Store;
use store::challenges::{Challenge, Registration};
use store::limits::Allowed;

use crate::Result;

/// Makes and mails codes.
pub struct Codes {
    store: Store,
    outbox: Outbox,
    pepper: Pepper,
}

/// A code that is asked for.
pub struct Ask {
    /// What it is for.
    pub purpose: Purpose,
    /// Where it goes.
    pub email: EmailAddress,
    /// For whom.
    pub subject: Subject,
}

/// Whom a code lets in.
pub enum Subject {
    /// An account, by its id.
    Account(String),
    /// An account to be.
    Registration(Registration),
    /// Nobody: the challenge stands, no code answers it, and this is mailed
    /// instead, so that the address cannot be told from a known one.
    Nobody(Job),
}

/// Whether a code is on its way.
pub enum Sent {
    /// It is, or it looks that way.
    Yes(wire::http::Challenge),
    /// Too many were mailed to this address.
    TooMany(Millis),
}

impl Codes {
    /// Codes of these parts.
    pub fn new(store: Store, outbox: Outbox, pepper: Pepper) -> Self {
        Self {
            store,
            outbox,
            pepper,
        }
    }

    /// The broker, for jobs without a code.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Makes a challenge and mails its code. Over the hourly limit of an address
    /// a sign-in is told so, for its password was right; whoever merely names an
    /// address gets the same answer without a mail. When the broker does not
    /// confirm, the challenge is void.
    pub async fn send(&self, ask: Ask, now: Millis) -> Result<Sent> {
        let allowed = self
            .store
            .count(CODES_MAILED, ask.email.as_str(), now)
            .await?;
        let subject = match (allowed, ask.purpose) {
            (Allowed::Yes, _) => ask.subject,
            (Allowed::Until(at), Purpose::Login) => return Ok(Sent::TooMany(at)),
            (Allowed::Until(_), _) => Subject::Nobody(Job::Nothing {}),
        };
        let (challenge, job) = self.make(ask.purpose, &ask.email, subject, now);
        self.store.insert_challenge(&challenge).await?;
        if let Err(away) = self.outbox.publish(&challenge.id, &job, now).await {
            self.store.claim_challenge(&challenge.id).await?;
            return Err(away.into());
        }
        Ok(Sent::Yes(wire::http::Challenge {
            challenge: challenge.id,
            expires_at: challenge.expires_at,
            resend_at: challenge.resend_at,
        }))
    }

    fn make(
        &self,
        purpose: Purpose,
        email: &EmailAddress,
        subject: Subject,
        now: Millis,
    ) -> (Challenge, Job) {
        let id = random::id();
        let code = random::code();
        let expires_at = now + CODE_LIFETIME;
        let hash = self.pepper.hash_code(&id, purpose, &code);
        let email = email.as_str().to_owned();
        let mut challenge = Challenge::new(
            id.clone(),
            purpose,
            email.clone(),
            hash,
            expires_at,
            now + RESEND_WAIT,
        );
        let job = Job::SendOtp {
            email,
            otp: code.as_str().to_owned(),
            purpose,
            challenge: id,
            expires_at,
        };
        match subject {
            Subject::Account(user) => challenge.user = Some(user),
            Subject::Registration(registration) => challenge.registration = Some(registration),
            Subject::Nobody(instead) => return (challenge, instead),
        }
        (challenge, job)
    }
}
