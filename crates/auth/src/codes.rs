//! One-time codes by email: the challenge is stored, the broker confirms its job,
//! and only then is the request answered. Codes are compared here and nowhere
//! else.

use crypto::random;
use domain::limits::{
    CODE_LIFETIME, CODES_ASKED, CODES_ASKED_AGAIN, CODES_MAILED, DISABLED_WAIT, Quota, RESEND_WAIT,
};
use domain::{ApiError, Code, EmailAddress, Purpose, Timestamp, TooFast};
use queue::jobs::mail::Job;
use store::challenges::{Challenge, Registration};

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
    /// A sign-in to the account of this id, or its password reset.
    Account(String),
    /// A new account.
    Registration(Registration),
    /// Nothing: no code answers the challenge, and this job is published instead
    /// of a code, so that the response and its time are those of a known address.
    NoAccount(Job),
}

/// A code that a client submits.
pub struct CodeAttempt<'a> {
    /// The id of the challenge that it answers.
    pub challenge: &'a str,
    /// The code.
    pub code: &'a Code,
    /// Purposes that the route accepts.
    pub purposes: &'a [Purpose],
    /// The source address.
    pub source: &'a str,
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
        source: &str,
        now: Timestamp,
    ) -> Result<protocol::http::Challenge> {
        let key = request.asked_by(source);
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
        source: &str,
        now: Timestamp,
    ) -> Result<protocol::http::Challenge> {
        if request.purpose == Purpose::Login {
            return self.send_code(request, now).await;
        }
        let key = request.asked_by(source);
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
            CodeFor::Account(_) | CodeFor::Registration(_) => request.email.as_str().to_owned(),
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
        let (challenge, job) = self.challenge(request, now);
        self.store.insert_challenge(&challenge).await?;
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
        };
        match subject {
            CodeFor::Account(user) => challenge.user = Some(user),
            CodeFor::Registration(registration) => challenge.registration = Some(registration),
            CodeFor::NoAccount(instead) => return (challenge, instead),
        }
        (challenge, job)
    }

    /// Compares a code with its challenge. The attempt is counted against the
    /// challenge, the source address and the account before it is compared. Of
    /// several right answers at once, the one that claims the challenge goes on.
    ///
    /// Two rules depend on the purpose. After 100 failures in a row no code
    /// completes a sign-in until the password was reset. A reset neither waits for
    /// the account's failures nor adds to them: it stays available to an owner
    /// whose account is being attacked, and the hourly limit of codes bounds how
    /// many guesses it allows.
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
        let key = (challenge.purpose != Purpose::Reset).then_some(key.as_str());
        let counted = match self
            .begin_attempt(&challenge, key, attempt.source, now)
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
        key: Option<&'a str>,
        source: &'a str,
        now: Timestamp,
    ) -> Result<Attempt<'a>> {
        if challenge.purpose == Purpose::Login
            && let Some(account) = key
            && self.store.is_disabled(account).await?
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

impl CodeRequest {
    /// The key under which requests for this address from this source are counted.
    fn asked_by(&self, source: &str) -> String {
        format!("{}:{source}", self.email.as_str())
    }

    fn without_mail(self) -> Self {
        Self {
            subject: CodeFor::NoAccount(Job::Nothing {}),
            ..self
        }
    }
}
