//! Sessions as a browser holds them: an access token in its memory and a
//! refresh token in a cookie that no script can read.

use std::time::Duration;

use crypto::{Pepper, RefreshToken, Signer, random};
use domain::limits::SESSION_LIFETIME;
use domain::{ApiError, Timestamp};
use env::Variables;
use protocol::User;
use protocol::http::SignedIn;
use store::Store;
use store::sessions::{Rotated, Session};
use store::users::Account;
use telemetry::Metric;

use crate::cookie::Cookie;
use crate::{Devices, Result};

pub struct Sessions {
    store: Store,
    signer: Signer,
    pepper: Pepper,
    cookie: Cookie,
    devices: Devices,
}

/// A session that begins or goes on.
pub struct Started {
    pub signed_in: SignedIn,
    /// Its `Set-Cookie` headers.
    pub cookies: Vec<String>,
}

/// The result of presenting a refresh cookie.
pub enum Refreshed {
    Live(Box<Started>),
    /// The session must end: the cookie had been used before (RFC 9700, 4.14.2), or
    /// the password was changed.
    Void {
        user: String,
        session: String,
    },
    /// The token is genuine and its session has ended. A request that ended it may
    /// have failed before it closed the sockets.
    Ended {
        /// The session's id.
        session: String,
    },
    /// The cookie is missing or forged, or its account does not exist.
    SignedOut,
}

impl Sessions {
    /// Reads the signing secret, the pepper and the site's origin.
    pub fn from_variables(variables: &mut Variables) -> impl FnOnce(Store) -> Self + use<> {
        let signer = Signer::from_variables(variables);
        let pepper = Pepper::from_variables(variables);
        let cookie = Cookie::from_variables("refresh", variables);
        let devices = Devices::from_variables(variables);
        move |store| Self {
            store,
            signer,
            pepper,
            cookie,
            devices,
        }
    }

    /// The name of the refresh cookie.
    pub fn cookie_name(&self) -> &str {
        &self.cookie.name
    }

    /// The `Set-Cookie` header that removes it.
    pub fn cookie_removed(&self) -> String {
        self.cookie.set("", Duration::ZERO)
    }

    pub fn devices(&self) -> &Devices {
        &self.devices
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Starts a session under the version of the credentials that `account` was
    /// read with.
    ///
    /// # Errors
    /// [`ApiError::Expired`] when the credentials have changed since. A change
    /// raises the version first and ends the account's sessions then, so a session
    /// that is started in between is ended by one of the two.
    pub(crate) async fn begin(
        &self,
        account: &Account,
        device: String,
        now: Timestamp,
    ) -> Result<Started> {
        let version = account.credentials_version;
        let mut session = Session::new(random::id(), account.id.clone(), device, now);
        session.credentials_version = version;
        self.store.insert_session(&session).await?;
        if !self
            .store
            .has_credentials_version(&account.id, version)
            .await?
        {
            self.store.end_session(&session.id, &account.id).await?;
            return Err(ApiError::Expired);
        }
        telemetry::count(Metric::SignIns, 1);
        Ok(self.started(&session, account.user(), now))
    }

    /// Continues the session of a refresh cookie with a rotated one.
    pub async fn refresh(&self, cookie: Option<&str>, now: Timestamp) -> Result<Refreshed> {
        let Some(token) = cookie.and_then(|text| RefreshToken::open(text, &self.pepper)) else {
            return Ok(Refreshed::SignedOut);
        };
        let rotated = self
            .store
            .rotate_session(&token.session, token.rotation, now)
            .await?;
        let session = match rotated {
            Rotated::On(session) => session,
            Rotated::Ended => {
                return Ok(Refreshed::Ended {
                    session: token.session,
                });
            }
            Rotated::Reused(session) => {
                return Ok(Refreshed::Void {
                    user: session.user,
                    session: session.id,
                });
            }
        };
        Ok(match self.store.account(&session.user).await? {
            Some(account) if account.credentials_version == session.credentials_version => {
                Refreshed::Live(Box::new(self.started(&session, account.user(), now)))
            }
            // A change of the password was cut off before it ended this session.
            Some(_) => Refreshed::Void {
                user: session.user,
                session: session.id,
            },
            None => Refreshed::SignedOut,
        })
    }

    fn started(&self, session: &Session, user: User, now: Timestamp) -> Started {
        let refresh = RefreshToken {
            session: session.id.clone(),
            rotation: session.rotation,
        };
        let lifetime = SESSION_LIFETIME;
        let access = self.signer.issue(&user, &session.id, now);
        Started {
            signed_in: SignedIn {
                access_token: access.token,
                expires_at: access.expires_at,
                user,
            },
            cookies: vec![self.cookie.set(&refresh.seal(&self.pepper), lifetime)],
        }
    }
}
