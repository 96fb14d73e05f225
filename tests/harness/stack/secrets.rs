//! Secrets that people typed, received by mail or were issued. None of them may
//! appear in a log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// The kind of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Address,
    Code,
    Password,
    /// An access token or the value of a refresh cookie.
    Token,
}

/// All secrets of a stack, and its error responses.
#[derive(Default)]
pub struct Secrets {
    known: Mutex<BTreeMap<String, Kind>>,
    refusals: Mutex<BTreeSet<String>>,
}

impl Secrets {
    pub fn note(&self, kind: Kind, text: &str) {
        // Of a JWT only the signature is secret. Searching for it alone also finds a
        // truncated token.
        let text = match kind {
            Kind::Token => text.rsplit('.').next().unwrap_or(text),
            _ => text,
        };
        if text.len() >= 6 {
            let mut all = self.known.lock().expect("only extended under it");
            all.insert(text.to_owned(), kind);
        }
    }

    /// Records the body of an error response.
    pub fn record_refusal(&self, body: &str) {
        let mut refusals = self.refusals.lock().expect("only extended under it");
        refusals.insert(body.to_owned());
    }

    /// All distinct bodies of error responses.
    pub fn refusals(&self) -> String {
        let refusals = self.refusals.lock().expect("only read under it");
        refusals.iter().map(|body| format!("{body}\n")).collect()
    }

    pub fn count(&self) -> usize {
        self.known.lock().expect("only counted under it").len()
    }

    /// The secrets in `text`: kind and line of each.
    pub fn found_in(&self, text: &str) -> Vec<(Kind, String)> {
        let all = self.known.lock().expect("only read under it");
        all.iter()
            .filter_map(|(secret, kind)| {
                let at = position(text, secret, *kind)?;
                let begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
                let line = text[begin..].lines().next().unwrap_or_default();
                Some((*kind, line.to_owned()))
            })
            .collect()
    }
}

/// The position of a secret. Eight digits within a longer number or id are not a
/// code.
fn position(text: &str, secret: &str, kind: Kind) -> Option<usize> {
    let bytes = text.as_bytes();
    let continues = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    text.match_indices(secret).map(|(at, _)| at).find(|&at| {
        let (before, after) = (bytes.get(at.wrapping_sub(1)), bytes.get(at + secret.len()));
        // The first group of a request id may consist of digits before a dash.
        kind != Kind::Code || !(continues(before) || continues(after) || after == Some(&b'-'))
    })
}
