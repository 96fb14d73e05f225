//! What people typed, got by mail and were given, none of which may ever be in
//! a log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// What kind of secret it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An e-mail address.
    Address,
    /// A code by mail.
    Code,
    /// A password.
    Password,
    /// An access token or the value of a refresh cookie.
    Token,
}

/// All secrets of a stack, and the refusals that it answered.
#[derive(Default)]
pub struct Secrets {
    known: Mutex<BTreeMap<String, Kind>>,
    refusals: Mutex<BTreeSet<String>>,
}

impl Secrets {
    /// Remembers a secret.
    pub fn note(&self, kind: Kind, text: &str) {
        // Of a JWT the signature is what makes it worth something; it is looked
        // for alone, so that a token that was cut in two is found as well.
        let text = match kind {
            Kind::Token => text.rsplit('.').next().unwrap_or(text),
            _ => text,
        };
        if text.len() >= 6 {
            let mut all = self.known.lock().expect("only extended under it");
            all.insert(text.to_owned(), kind);
        }
    }

    /// Remembers the body of a refusal.
    pub fn heard_refusal(&self, body: &str) {
        let mut refusals = self.refusals.lock().expect("only extended under it");
        refusals.insert(body.to_owned());
    }

    /// Every body of a refusal, once.
    pub fn refusals(&self) -> String {
        let refusals = self.refusals.lock().expect("only read under it");
        refusals.iter().map(|body| format!("{body}\n")).collect()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.known.lock().expect("only counted under it").len()
    }

    /// The kinds of secrets in `text`, with the line that holds each.
    pub fn found_in(&self, text: &str) -> Vec<(Kind, String)> {
        let all = self.known.lock().expect("only read under it");
        all.iter()
            .filter_map(|(secret, kind)| {
                let at = place(text, secret, *kind)?;
                let begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
                let line = text[begin..].lines().next().unwrap_or_default();
                Some((*kind, line.to_owned()))
            })
            .collect()
    }
}

/// Where a secret stands. Eight digits within a longer number or id are no code.
fn place(text: &str, secret: &str, kind: Kind) -> Option<usize> {
    let bytes = text.as_bytes();
    let goes_on = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    text.match_indices(secret).map(|(at, _)| at).find(|&at| {
        let (before, after) = (bytes.get(at.wrapping_sub(1)), bytes.get(at + secret.len()));
        // The first part of a request's id may be digits alone, and then a dash.
        kind != Kind::Code || !(goes_on(before) || goes_on(after) || after == Some(&b'-'))
    })
}
