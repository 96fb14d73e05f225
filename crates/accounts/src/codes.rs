//! Mailing a code: the challenge is kept, its job is confirmed by the broker, and
//! only then is anything promised.

use credentials::{Pepper, random};
use domain::limits::{
    CODE_LIFETIME, CODES_ASKED, CODES_ASKED_AGAIN, CODES_MAILED, Quota, RESEND_WAIT,
};
use domain::mail::Job;
use domain::settings::Variables;
use domain::{Code, EmailAddress, Millis, Purpose};
use outbox::Outbox;
use store::Store;
use store::challenges::{Challenge, Registration};
use store::limits::Allowed;

use crate::Result;

/// What codes need: the database, the broker and the pepper.
pub struct Settings {
    store: store::Settings,
    outbox: outbox::Settings,
    pepper: Pepper,
}

impl Settings {
    /// Reads the variables of the database, of the broker, and the pepper.
    pub fn from_variables(variables: &mut Variables) -> Self {
        Self {
            store: store::Settings::from_variables(variables),
            outbox: outbox::Settings::from_variables(variables),
            pepper: Pepper::from_variables(variables),
        }
    }
}

/// Makes, mails and compares codes.
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
    /// Connects to the database and the broker at once.
    pub async fn connect(settings: Settings) -> Result<Self> {
        let (store, outbox) = tokio::join!(
            Store::connect(settings.store),
            Outbox::connect(settings.outbox)
        );
        Ok(Self {
            store: store?,
            outbox,
            pepper: settings.pepper,
        })
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The broker, for jobs without a code.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// What codes are hashed and secrets sealed with.
    pub fn pepper(&self) -> &Pepper {
        &self.pepper
    }

    /// Whether this is the code of this challenge, in constant time.
    pub(crate) fn is_code_of(&self, challenge: &Challenge, code: &Code) -> bool {
        let purpose = challenge.purpose;
        self.pepper
            .is_code(&challenge.id, purpose, code, challenge.code_hash())
    }

    /// Makes a challenge and mails its code to somebody whose password was right,
    /// and who is told when the address got as many codes as it may.
    pub async fn send(&self, ask: Ask, now: Millis) -> Result<Sent> {
        let key = ask.email.as_str().to_owned();
        Ok(match self.store.count(CODES_MAILED, &key, now).await? {
            Allowed::Yes => Sent::Yes(self.mail(ask, &[(CODES_MAILED, &key)], now).await?),
            Allowed::Until(at) => Sent::TooMany(at),
        })
    }

    /// The same for somebody at `source` who merely names an address. Over a
    /// limit the answer is the same, and nothing is mailed.
    pub async fn send_unproven(
        &self,
        ask: Ask,
        source: &str,
        now: Millis,
    ) -> Result<wire::http::Challenge> {
        let key = ask.asked_by(source);
        match self.store.count(CODES_ASKED, &key, now).await? {
            Allowed::Yes => self.mail_quietly(ask, (CODES_ASKED, &key), now).await,
            Allowed::Until(_) => self.mail(ask.without_mail(), &[], now).await,
        }
    }

    /// Mails another code in place of one that was asked for before.
    pub async fn send_again(&self, ask: Ask, source: &str, now: Millis) -> Result<Sent> {
        if ask.purpose == Purpose::Login {
            return self.send(ask, now).await;
        }
        let key = ask.asked_by(source);
        Ok(
            match self.store.count(CODES_ASKED_AGAIN, &key, now).await? {
                Allowed::Yes => {
                    let asked = (CODES_ASKED_AGAIN, key.as_str());
                    Sent::Yes(self.mail_quietly(ask, asked, now).await?)
                }
                Allowed::Until(at) => Sent::TooMany(at),
            },
        )
    }

    async fn mail_quietly(
        &self,
        ask: Ask,
        asked: (Quota, &str),
        now: Millis,
    ) -> Result<wire::http::Challenge> {
        // What mails no code takes none of those that the address gets, but is
        // counted all the same: so it takes as long, and notices have an end too.
        let key = match &ask.subject {
            Subject::Nobody(_) => format!("no-code:{}", ask.email.as_str()),
            Subject::Account(_) | Subject::Registration(_) => ask.email.as_str().to_owned(),
        };
        match self.store.count(CODES_MAILED, &key, now).await? {
            Allowed::Yes => self.mail(ask, &[asked, (CODES_MAILED, &key)], now).await,
            Allowed::Until(_) => self.mail(ask.without_mail(), &[asked], now).await,
        }
    }

    /// When the broker does not confirm, the challenge is void, and what was
    /// `counted` is taken back.
    async fn mail(
        &self,
        ask: Ask,
        counted: &[(Quota, &str)],
        now: Millis,
    ) -> Result<wire::http::Challenge> {
        let (challenge, job) = self.make(ask, now);
        self.store.insert_challenge(&challenge).await?;
        if let Err(away) = self.outbox.publish(&challenge.id, &job, now).await {
            self.store.claim_challenge(&challenge.id).await?;
            for (quota, key) in counted {
                self.store.uncount(*quota, key, now).await?;
            }
            return Err(away.into());
        }
        Ok(wire::http::Challenge {
            challenge: challenge.id,
            expires_at: challenge.expires_at,
            resend_at: challenge.resend_at,
        })
    }

    fn make(&self, ask: Ask, now: Millis) -> (Challenge, Job) {
        let Ask {
            purpose,
            email,
            subject,
        } = ask;
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

impl Ask {
    /// The key under which asks of this address from this source are counted.
    fn asked_by(&self, source: &str) -> String {
        format!("{}:{source}", self.email.as_str())
    }

    fn without_mail(self) -> Self {
        Self {
            subject: Subject::Nobody(Job::Nothing {}),
            ..self
        }
    }
}
