//! Sessions as a browser holds them: an access token in its memory and a
//! refresh token in a cookie that no script can read.

use std::time::Duration;

use crypto::{Pepper, RefreshToken, Signer, random};
use domain::Timestamp;
use domain::limits::SESSION_LIFETIME;
use env::Variables;
use protocol::User;
use protocol::http::SignedIn;
use store::Store;
use store::sessions::{Rotated, Session};
use store::users::Account;
use telemetry::Metric;

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

/// The result of presenting a refresh cookie.
pub enum Refreshed {
    /// The session continues.
    Live(Box<Started>),
    /// The cookie had been used before: the session must end (RFC 9700, 4.14.2).
    Reused {
        /// The session's user.
        user: String,
        /// The session's id.
        session: String,
    },
    /// There is no such session.
    SignedOut,
}

/// The cookie's name and attributes. On plain-HTTP localhost browsers accept
/// neither `__Host-` nor `Secure`, and one host has many ports.
#[derive(Default)]
struct Cookie {
    name: String,
    attributes: &'static str,
}

impl Cookie {
    /// The cookie of a site; none where its origin could keep no secret.
    fn new(origin: &str) -> Option<Self> {
        if origin.starts_with("https://") {
            return Some(Self {
                name: "__Host-refresh".to_owned(),
                attributes: "Path=/; HttpOnly; SameSite=Strict; Secure",
            });
        }
        let port = port_on_localhost(origin.strip_prefix("http://")?)?;
        Some(Self {
            name: format!("refresh-{port}"),
            attributes: "Path=/; HttpOnly; SameSite=Strict",
        })
    }

    fn set(&self, value: &str, lifetime: Duration) -> String {
        format!(
            "{}={value}; {}; Max-Age={}",
            self.name,
            self.attributes,
            lifetime.as_secs()
        )
    }
}

/// The port of `host:port` where the host is this very machine.
fn port_on_localhost(authority: &str) -> Option<&str> {
    let rest = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .find_map(|host| authority.strip_prefix(host))?;
    if rest.is_empty() {
        return Some("80");
    }
    rest.strip_prefix(':')
        .filter(|port| port.parse::<u16>().is_ok())
}

impl Sessions {
    /// Reads the signing secret, the pepper and the site's origin, which is
    /// `https` everywhere but on one's own machine.
    pub fn from_variables(variables: &mut Variables) -> impl FnOnce(Store) -> Self + use<> {
        let signer = Signer::from_variables(variables);
        let pepper = Pepper::from_variables(variables);
        let origin = variables.url("SITE_ORIGIN", &["http", "https"]);
        let cookie = Cookie::new(&origin).unwrap_or_else(|| {
            if origin.starts_with("http://") {
                variables.fault(
                    "SITE_ORIGIN must be https://, or http://localhost with its port and nothing behind it",
                );
            }
            Cookie::default()
        });
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
        self.cookie.set("", Duration::ZERO)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Signs an account in.
    pub(crate) async fn begin(
        &self,
        account: &Account,
        device: String,
        now: Timestamp,
    ) -> Result<Started> {
        let session = Session::new(random::id(), account.id.clone(), device, now);
        self.store.insert_session(&session).await?;
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
            Rotated::Ended => return Ok(Refreshed::SignedOut),
            Rotated::Reused(session) => {
                return Ok(Refreshed::Reused {
                    user: session.user,
                    session: session.id,
                });
            }
        };
        Ok(match self.store.account(&session.user).await? {
            Some(account) => Refreshed::Live(Box::new(self.started(&session, account.user(), now))),
            None => Refreshed::SignedOut,
        })
    }

    fn started(&self, session: &Session, user: User, now: Timestamp) -> Started {
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

    fn set(origin: &str, lifetime: Duration) -> Option<String> {
        Cookie::new(origin).map(|cookie| cookie.set("v", lifetime))
    }

    #[test]
    fn item_28_the_cookie_is_bound_to_the_host_and_hidden_from_scripts() {
        assert_eq!(
            set("https://chat.example.com", SESSION_LIFETIME).as_deref(),
            Some("__Host-refresh=v; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=2592000")
        );
    }

    #[test]
    fn on_plain_http_localhost_the_name_carries_the_port() {
        for (origin, port) in [
            ("http://localhost:8080", 8080),
            ("http://127.0.0.1:8080", 8080),
            ("http://[::1]:8080", 8080),
            ("http://[::1]", 80),
            ("http://localhost", 80),
        ] {
            let wanted = format!("refresh-{port}=v; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
            assert_eq!(set(origin, Duration::ZERO), Some(wanted), "{origin}");
        }
    }

    #[test]
    fn item_28_32_plain_http_and_with_it_a_plain_socket_is_refused_everywhere_else() {
        for origin in [
            "http://chat.example.com",
            "http://localhost.example.com",
            "http://localhost:8080/",
            "http://127.0.0.1.example.com:80",
            "http://192.168.0.7:8080",
        ] {
            assert_eq!(set(origin, Duration::ZERO), None, "{origin}");
        }
    }
}
