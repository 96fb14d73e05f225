//! Refresh tokens: opaque to the client, derived and never stored.
//!
//! A session stores only how often its token was rotated. The token of rotation
//! `n` is the session's id, `n`, and a keyed hash of both, so that a database's
//! copy gives no token, the answer to a repeated request is the same successor,
//! and any older token is recognised as used again (RFC 9700, 4.14.2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::pepper::Pepper;

/// A refresh token that was presented and is genuine, whether or not it is
/// still the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session that it belongs to.
    pub session: String,
    /// Which rotation of the session's token it is, from 0.
    pub rotation: i64,
}

impl RefreshToken {
    /// The text for the cookie.
    pub fn seal(&self, pepper: &Pepper) -> String {
        let rotation = self.rotation.to_string();
        let tag = pepper.tag("refresh", &[&self.session, &rotation]);
        format!(
            "{}.{rotation}.{}",
            self.session,
            URL_SAFE_NO_PAD.encode(tag)
        )
    }

    /// Reads a cookie's text; none if we did not make it.
    pub fn open(text: &str, pepper: &Pepper) -> Option<Self> {
        let (named, tag) = text.rsplit_once('.')?;
        let (session, rotation) = named.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        if !pepper.is_tag("refresh", &[session, rotation], &tag) {
            return None;
        }
        Some(Self {
            session: session.to_owned(),
            rotation: rotation.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_25_a_token_opens_as_what_it_was_and_no_changed_one_does() {
        let pepper = Pepper::new("a pepper that is long enough for this");
        let token = RefreshToken {
            session: "s1".into(),
            rotation: 4,
        };
        let text = token.seal(&pepper);
        assert_eq!(RefreshToken::open(&text, &pepper), Some(token));
        assert_eq!(
            RefreshToken::open(&text.replacen("s1", "s2", 1), &pepper),
            None
        );
        assert_eq!(
            RefreshToken::open(&text.replacen(".4.", ".5.", 1), &pepper),
            None
        );
        assert_eq!(RefreshToken::open(&text, &Pepper::new("another")), None);
        for text in ["", ".", "..", "s1.4.", "s1.4.AAAA"] {
            assert_eq!(RefreshToken::open(text, &pepper), None, "{text}");
        }
    }
}
