//! One-time codes by email: the challenge is stored, the broker confirms its job,
//! and only then is the request answered. Codes are compared here and nowhere
//! else.

use crypto::{random, reset_link};
use domain::limits::{
    CODE_LIFETIME, CODES_ASKED, CODES_ASKED_AGAIN, CODES_MAILED, DISABLED_WAIT, Quota, RESEND_WAIT,
    RESET_LINK_LIFETIME,
};
use domain::{ApiError, Code, EmailAddress, Purpose, Source, Timestamp, TooFast};
use queue::jobs::mail::Job;
use store::ceremonies::{Ceremony, Kind};
use store::challenges::{Challenge, Registration};
use store::users::Account;

use crate::attempt::failures_keys;
use crate::{Attempt, Auth, Result};

/// A request for a code.
pub struct CodeRequest {
    /// What the code is for.
    pub purpose: Purpose,
    /// The address that it is sent to.
    pub email: EmailAddress,
    /// What a right code leads to.
    pub subject: CodeFor,
}

/// What a right code leads to.
pub enum CodeFor {
    /// A sign-in to an account, or its password reset.
    Account {
        id: String,
        /// The version of its credentials at the time of the request.
        credentials_version: i64,
    },
    Registration(Registration),
    /// Nothing: no code answers the challenge, and this job is published instead
    /// of a code, so that the response and its time are those of a known address.
    NoAccount(Job),
}

/// A code that a client submits.
pub struct CodeAttempt<'a> {
    /// The id of the challenge that it answers.
    pub challenge: &'a str,
    pub code: &'a Code,
    /// Purposes that the route accepts.
    pub purposes: &'a [Purpose],
    pub source: &'a Source,
}

impl Auth {
    /// Emails a code for a sign-in whose password was right.
    ///
    /// # Errors
    /// [`ApiError::TooFast`] when the address got as many codes as an hour allows.
    pub async fn send_code(
        &self,
        request: CodeRequest,
        now: Timestamp,
    ) -> Result<protocol::http::Challenge> {
        let key = request.email.as_str().to_owned();
        self.store.count(CODES_MAILED, &key, now).await?;
        self.send(request, &[(CODES_MAILED, &key)], now).await
    }

    /// Emails a code for a request that proves nothing but knows an address. Over
    /// a limit the response is the same, and nothing is emailed.
    pub async fn send_code_unproven(
        &self,
        request: CodeRequest,
        now: Timestamp,
    ) -> Result<protocol::http::Challenge> {
        let key = request.unproven_key();
        match self.store.count(CODES_ASKED, &key, now).await {
            Ok(()) => self.send_quietly(request, (CODES_ASKED, &key), now).await,
            Err(store::Error::TooFast(_)) => self.send(request.without_mail(), &[], now).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Emails another code in place of one that was requested before.
    pub async fn resend_code(
        &self,
        request: CodeRequest,
        now: Timestamp,
    ) -> Result<protocol::http::Challenge> {
        if request.purpose == Purpose::Login {
            return self.send_code(request, now).await;
        }
        let key = request.unproven_key();
        self.store.count(CODES_ASKED_AGAIN, &key, now).await?;
        self.send_quietly(request, (CODES_ASKED_AGAIN, &key), now)
            .await
    }

    async fn send_quietly(
        &self,
        request: CodeRequest,
        asked: (Quota, &str),
        now: Timestamp,
    ) -> Result<protocol::http::Challenge> {
        // A notice uses up none of the address's codes, but is counted all the
        // same: it takes as long, and notices are limited too.
        let key = match &request.subject {
            CodeFor::NoAccount(_) => format!("no-code:{}", request.email.as_str()),
            CodeFor::Account { .. } | CodeFor::Registration(_) => request.email.as_str().to_owned(),
        };
        match self.store.count(CODES_MAILED, &key, now).await {
            Ok(()) => {
                self.send(request, &[asked, (CODES_MAILED, &key)], now)
                    .await
            }
            Err(store::Error::TooFast(_)) => self.send(request.without_mail(), &[asked], now).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Stores a challenge and publishes its job. When the broker does not confirm
    /// it, the challenge is void and what was `counted` is uncounted.
    async fn send(
        &self,
        request: CodeRequest,
        counted: &[(Quota, &str)],
        now: Timestamp,
    ) -> Result<protocol::http::Challenge> {
        let (challenge, mut job) = self.challenge(request, now);
        self.store.insert_challenge(&challenge).await?;
        if let Job::SendOtp { purpose, link, .. } = &mut job
            && *purpose == Purpose::Reset
        {
            *link = Some(self.make_reset_link(&challenge, now).await?);
        }
        if let Err(error) = self.queue.publish(&challenge.id, &job, now).await {
            self.store.claim_challenge(&challenge.id).await?;
            for (quota, key) in counted {
                self.store.uncount(*quota, key, now).await?;
            }
            return Err(error.into());
        }
        Ok(protocol::http::Challenge {
            challenge: challenge.id,
            expires_at: challenge.expires_at,
            resend_at: challenge.resend_at,
        })
    }

    /// Stores the token of a link that replaces the code of a reset. Tries of the
    /// challenge are limited, and a client that merely knows the address can use
    /// them up; the link's token cannot be guessed and has no such limit.
    async fn make_reset_link(&self, challenge: &Challenge, now: Timestamp) -> Result<String> {
        let token = reset_link::token();
        let mut link = Ceremony::new(
            reset_link::id(&token),
            Kind::ResetLink,
            challenge.user.clone(),
            Vec::new(),
            now + RESET_LINK_LIFETIME,
        );
        link.credentials_version = challenge.credentials_version;
        self.store.begin_ceremony(&link).await?;
        Ok(token)
    }

    fn challenge(&self, request: CodeRequest, now: Timestamp) -> (Challenge, Job) {
        let CodeRequest {
            purpose,
            email,
            subject,
        } = request;
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
            link: None,
        };
        match subject {
            CodeFor::Account {
                id,
                credentials_version,
            } => {
                challenge.user = Some(id);
                challenge.credentials_version = credentials_version;
            }
            CodeFor::Registration(registration) => challenge.registration = Some(registration),
            CodeFor::NoAccount(instead) => return (challenge, instead),
        }
        (challenge, job)
    }

    /// Clears the failures of an account whose password was reset, and the codes that
    /// were emailed to it. The reset has voided every link in the mailbox, so an owner
    /// whose codes others used up needs another one. The failures of TOTP codes stay:
    /// a reset needs the mailbox alone.
    pub async fn clear_limits(&self, account: &Account, now: Timestamp) -> Result<()> {
        let keys = failures_keys(account);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.store.clear_failures(&keys).await?;
        let email = &account.email;
        self.store.clear_count(CODES_MAILED, email, now).await?;
        let key = reset_key(email);
        Ok(self.store.clear_count(CODES_ASKED, &key, now).await?)
    }

    /// Compares a code with its challenge. The attempt is counted against the
    /// challenge, the source address and the account before it is compared. Of
    /// several right answers at once, the one that claims the challenge goes on.
    ///
    /// What delays an attempt depends on what it took to get there. The code of a
    /// registration waits for its source address, since anyone can register. The
    /// code of a sign-in waits for wrong codes of that account alone, which need
    /// its password; after 100 in a row none is accepted until the password was
    /// reset. A reset waits for nothing: the five tries of a challenge and the
    /// hourly limit of codes bound how many guesses it allows, and it stays
    /// available to an owner whose account is being attacked.
    ///
    /// # Errors
    /// [`ApiError::WrongCode`], [`ApiError::Expired`], or [`ApiError::TooFast`]
    /// when nothing was compared and no try was used.
    pub async fn check_code(&self, attempt: CodeAttempt<'_>, now: Timestamp) -> Result<Challenge> {
        let store = &self.store;
        let challenge = store
            .take_try(attempt.challenge, attempt.purposes, now)
            .await?
            .ok_or(ApiError::Expired)?;
        let key = challenge.counted_as();
        let counted = match self
            .begin_attempt(&challenge, &key, attempt.source, now)
            .await
        {
            Ok(counted) => counted,
            Err(error) => {
                store.give_try_back(&challenge.id).await?;
                return Err(error);
            }
        };
        if !self.is_code_of(&challenge, attempt.code) || !challenge.is_answerable() {
            return Err(ApiError::WrongCode {
                attempts_left: challenge.tries_left,
            });
        }
        counted.take_back().await?;
        Ok(challenge)
    }

    async fn begin_attempt<'a>(
        &'a self,
        challenge: &Challenge,
        key: &'a str,
        source: &'a Source,
        now: Timestamp,
    ) -> Result<Attempt<'a>> {
        let (source, key) = match challenge.purpose {
            Purpose::Register => (Some(source), Some(key)),
            Purpose::Login => (None, Some(key)),
            Purpose::Reset => (None, None),
        };
        if challenge.purpose == Purpose::Login
            && let Some(key) = key
            && self.store.is_disabled(key).await?
        {
            let retry_at = now + DISABLED_WAIT;
            return Err(TooFast { retry_at }.into());
        }
        Attempt::begin(&self.store, source, key, now).await
    }

    /// Whether this is the challenge's code, compared in constant time.
    fn is_code_of(&self, challenge: &Challenge, code: &Code) -> bool {
        let purpose = challenge.purpose;
        self.pepper
            .is_code(&challenge.id, purpose, code, challenge.code_hash())
    }
}

/// The key under which password resets that anyone can request are counted.
fn reset_key(email: &str) -> String {
    format!("reset:{email}")
}

impl CodeRequest {
    /// The key under which unproven requests for this address are counted. What
    /// emails no code is counted apart, so that requests of one kind never use up
    /// the codes of another.
    fn unproven_key(&self) -> String {
        let kind = match (&self.subject, self.purpose) {
            (CodeFor::NoAccount(_), _) => "no-code",
            (_, Purpose::Reset) => return reset_key(self.email.as_str()),
            (_, Purpose::Register | Purpose::Login) => "register",
        };
        format!("{kind}:{}", self.email.as_str())
    }

    fn without_mail(self) -> Self {
        Self {
            subject: CodeFor::NoAccount(Job::Nothing {}),
            ..self
        }
    }
}
