//! Authentication of requests by access token.

use crypto::Verifier;
use domain::limits::REQUESTS;
use domain::{ApiError, Timestamp};
use protocol::User;
use store::Store;

use crate::Result;

#[derive(Debug, Clone)]
pub struct Caller {
    pub user: User,
    /// The id of the session.
    pub session: String,
}

/// Authenticates requests, and limits their rate.
#[derive(Clone)]
pub struct Authenticator {
    verifier: Verifier,
    store: Store,
}

impl Authenticator {
    pub fn new(verifier: Verifier, store: Store) -> Self {
        Self { verifier, store }
    }

    /// The caller of an HTTP request, which counts against [`REQUESTS`] of the user.
    ///
    /// # Errors
    /// [`ApiError::SignedOut`] for a missing, forged or expired token and for a
    /// session that has ended; [`ApiError::TooFast`] beyond the limit.
    pub async fn caller(&self, token: Option<&str>, now: Timestamp) -> Result<Caller> {
        let caller = self.identify(token, now).await?;
        self.store.pace(REQUESTS, &caller.user.id, now).await?;
        Ok(caller)
    }

    /// The caller of a request that lists or ends sessions, which counts against
    /// [`REQUESTS`] of the session: a flood of requests in a stolen session does not
    /// keep the owner from ending it.
    ///
    /// # Errors
    /// As for [`Authenticator::caller`].
    pub async fn caller_by_session(&self, token: Option<&str>, now: Timestamp) -> Result<Caller> {
        let caller = self.identify(token, now).await?;
        self.store.pace(REQUESTS, &caller.session, now).await?;
        Ok(caller)
    }

    /// The owner of a token whose session exists. The call is not counted.
    ///
    /// # Errors
    /// [`ApiError::SignedOut`] as for [`Authenticator::caller`].
    pub async fn identify(&self, token: Option<&str>, now: Timestamp) -> Result<Caller> {
        let caller = self.owner(token)?;
        let is_live = self
            .store
            .is_session_live(&caller.session, &caller.user.id, now)
            .await?;
        is_live.then_some(caller).ok_or(ApiError::SignedOut)
    }

    /// The owner of a genuine token that signs out, whether or not its session still
    /// exists. Such requests are counted apart from all others, so that no flood
    /// prevents a sign-out.
    ///
    /// # Errors
    /// [`ApiError::SignedOut`] for a missing, forged or expired token;
    /// [`ApiError::TooFast`] beyond the limit.
    pub async fn signing_out(&self, token: Option<&str>, now: Timestamp) -> Result<Caller> {
        let caller = self.owner(token)?;
        let key = format!("logout:{}", caller.session);
        self.store.pace(REQUESTS, &key, now).await?;
        Ok(caller)
    }

    fn owner(&self, token: Option<&str>) -> Result<Caller> {
        let claims = token.and_then(|token| self.verifier.verify(token));
        let claims = claims.ok_or(ApiError::SignedOut)?;
        Ok(Caller {
            user: claims.user(),
            session: claims.sid,
        })
    }

    /// Until when the caller's session is fresh: it was started, or confirmed by
    /// `step-up`, less than [`FRESH`](domain::limits::FRESH) ago.
    pub async fn fresh_until(&self, caller: &Caller, now: Timestamp) -> Result<Option<Timestamp>> {
        let proved = self.store.session_proved_at(&caller.session).await?;
        let until = proved.map(|at| at + domain::limits::FRESH);
        Ok(until.filter(|until| *until > now))
    }
}
