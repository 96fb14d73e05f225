//! Sessions as a browser holds them: an access token in its memory and a
//! refresh token in a cookie that no script can read.

use credentials::{Pepper, RefreshToken, Signer, random};
use domain::Millis;
use domain::limits::SESSION_LIFETIME;
use domain::settings::Variables;
use domain::time::SECOND;
use store::Store;
use store::sessions::{Rotated, Session};
use store::users::Account;
use wire::User;
use wire::http::SignedIn;

use crate::Result;

/// Begins and continues sessions.
pub struct Sessions {
    store: Store,
    signer: Signer,
    pepper: Pepper,
    cookie: Cookie,
}

/// A session that begins or goes on.
pub struct Started {
    /// The answer's body.
    pub signed_in: SignedIn,
    /// Its `Set-Cookie` header.
    pub cookie: String,
}

/// What became of a refresh cookie.
pub enum Continued {
    /// The session goes on.
    On(Box<Started>),
    /// The cookie was used before by somebody: this user's session has to end.
    Stolen {
        /// Whose session it is.
        user: String,
        /// The session.
        session: String,
    },
    /// No session.
    SignedOut,
}

/// The cookie's name and attributes. On plain-HTTP localhost browsers accept
/// neither `__Host-` nor `Secure`, and one host has many ports.
struct Cookie {
    name: String,
    attributes: &'static str,
}

impl Cookie {
    fn new(origin: &str) -> Self {
        match origin.strip_prefix("http://") {
            Some(host) => {
                let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
                Self {
                    name: format!("refresh-{port}"),
                    attributes: "Path=/; HttpOnly; SameSite=Strict",
                }
            }
            None => Self {
                name: "__Host-refresh".to_owned(),
                attributes: "Path=/; HttpOnly; SameSite=Strict; Secure",
            },
        }
    }

    fn set(&self, value: &str, lifetime: Millis) -> String {
        format!(
            "{}={value}; {}; Max-Age={}",
            self.name,
            self.attributes,
            lifetime / SECOND
        )
    }
}

impl Sessions {
    /// Reads the signing secret, the pepper and the site's origin.
    pub fn from_variables(variables: &mut Variables) -> impl FnOnce(Store) -> Self + use<> {
        let signer = Signer::from_variables(variables);
        let pepper = Pepper::from_variables(variables);
        let cookie = Cookie::new(&variables.url("SITE_ORIGIN", &["http", "https"]));
        move |store| Self {
            store,
            signer,
            pepper,
            cookie,
        }
    }

    /// The name of the refresh cookie.
    pub fn cookie_name(&self) -> &str {
        &self.cookie.name
    }

    /// The `Set-Cookie` header that removes it.
    pub fn cookie_removed(&self) -> String {
        self.cookie.set("", 0)
    }

    /// Signs an account in.
    pub async fn begin(&self, account: &Account, device: String, now: Millis) -> Result<Started> {
        let session = Session::new(random::id(), account.id.clone(), device, now);
        self.store.insert_session(&session).await?;
        Ok(self.started(&session, account.user(), now))
    }

    /// Continues the session of a refresh cookie with a rotated one.
    pub async fn go_on(&self, cookie: Option<&str>, now: Millis) -> Result<Continued> {
        let Some(token) = cookie.and_then(|text| RefreshToken::open(text, &self.pepper)) else {
            return Ok(Continued::SignedOut);
        };
        let rotated = self
            .store
            .rotate_session(&token.session, token.rotation, now)
            .await?;
        let session = match rotated {
            Rotated::On(session) => session,
            Rotated::Ended => return Ok(Continued::SignedOut),
            Rotated::Reused(session) => {
                return Ok(Continued::Stolen {
                    user: session.user,
                    session: session.id,
                });
            }
        };
        Ok(match self.store.account(&session.user).await? {
            Some(account) => Continued::On(Box::new(self.started(&session, account.user(), now))),
            None => Continued::SignedOut,
        })
    }

    fn started(&self, session: &Session, user: User, now: Millis) -> Started {
        let refresh = RefreshToken {
            session: session.id.clone(),
            rotation: session.rotation,
        };
        let access = self.signer.issue(&user, &session.id, now);
        Started {
            signed_in: SignedIn {
                access_token: access.token,
                expires_at: access.expires_at,
                user,
            },
            cookie: self
                .cookie
                .set(&refresh.seal(&self.pepper), SESSION_LIFETIME),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_bound_to_the_host_and_hidden_from_scripts() {
        let cookie = Cookie::new("https://chat.example.com").set("v", SESSION_LIFETIME);
        assert_eq!(
            cookie,
            "__Host-refresh=v; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=2592000"
        );
    }

    #[test]
    fn on_plain_http_localhost_the_name_carries_the_port() {
        let cookie = Cookie::new("http://localhost:8080").set("v", 0);
        assert_eq!(
            cookie,
            "refresh-8080=v; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
        );
    }
}
