//! Who calls.

use crypto::Verifier;
use domain::Timestamp;
use domain::limits::FRESH;
use protocol::User;
use store::Store;

use crate::Result;

#[derive(Debug, Clone)]
pub struct Caller {
    pub user: User,
    pub session: String,
}

/// Lets in those who are signed in.
#[derive(Clone)]
pub struct Authenticator {
    verifier: Verifier,
    store: Store,
}

impl Authenticator {
    /// A gate for tokens that `verifier` knows and sessions that `store` keeps.
    pub fn new(verifier: Verifier, store: Store) -> Self {
        Self { verifier, store }
    }

    /// Who presents this access token; none where there is no token, it is not
    /// genuine or has run out, or its session has ended.
    pub async fn caller(&self, token: Option<&str>, now: Timestamp) -> Result<Option<Caller>> {
        let Some(claims) = token.and_then(|token| self.verifier.verify(token)) else {
            return Ok(None);
        };
        let live = self
            .store
            .is_session_live(&claims.sid, &claims.sub, now)
            .await?;
        Ok(live.then(|| Caller {
            user: claims.user(),
            session: claims.sid,
        }))
    }

    /// Until when the caller's session is fresh: it signed in, or proved itself
    /// again, a short while ago. None where that is over.
    pub async fn fresh_until(&self, caller: &Caller, now: Timestamp) -> Result<Option<Timestamp>> {
        let proved = self.store.session_proved_at(&caller.session).await?;
        Ok(proved.map(|at| at + FRESH).filter(|until| *until > now))
    }
}
