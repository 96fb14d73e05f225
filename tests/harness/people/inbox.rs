//! The mails that the service has sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::client::machine_client;
use crate::stack::{Kind, Ready, Secrets};

/// A mail waits for its batch, for a process to start and for its turn.
const DELIVERY: Duration = Duration::from_secs(45);

#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
}

impl Mail {
    /// The code: eight digits alone on a line.
    pub fn code(&self) -> Option<&str> {
        self.text
            .lines()
            .map(str::trim)
            .find(|line| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The token of the link in a reset email.
    pub fn reset_token(&self) -> Option<&str> {
        let (_, token) = self.text.split_once("/#reset=")?;
        token.split_whitespace().next()
    }
}

/// How the mail server replies to mail for an address.
#[derive(Debug, Clone, Serialize)]
pub struct SmtpReply {
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    times: u32,
    delay_ms: u64,
}

impl SmtpReply {
    /// Refuses mail for `address` with this reply code, `times` times.
    pub fn new(address: &str, code: u16, times: u32) -> Self {
        Self {
            to: address.to_owned(),
            code: Some(code),
            times,
            delay_ms: 0,
        }
    }

    /// The same reply after a delay.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self {
            delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            ..self
        }
    }

    /// Accepts mail for any address after a delay, `times` times.
    pub fn slow(delay: Duration, times: u32) -> Self {
        Self::slow_for("*", delay, times)
    }

    /// Accepts mail for `address` after a delay, `times` times.
    pub fn slow_for(address: &str, delay: Duration, times: u32) -> Self {
        Self {
            to: address.to_owned(),
            code: None,
            times,
            delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// All mails of a stack.
pub struct Inbox {
    http: reqwest::Client,
    url: String,
    secrets: Arc<Secrets>,
    latest: watch::Sender<Arc<Vec<Mail>>>,
    poll: tokio::sync::Mutex<()>,
    taken: Mutex<HashMap<String, usize>>,
}

impl Inbox {
    pub(crate) fn new(ready: Ready, secrets: Arc<Secrets>) -> anyhow::Result<Self> {
        let url = ready.inbox.clone();
        Ok(Self {
            http: machine_client(&ready),
            url,
            secrets,
            latest: watch::Sender::new(Arc::default()),
            poll: tokio::sync::Mutex::new(()),
            taken: Mutex::default(),
        })
    }

    /// The next code mailed to `address` that no earlier call returned.
    pub async fn next_code(&self, address: &str) -> String {
        let taken = {
            let mut taken = self.taken.lock().expect("only counted under it");
            let count = taken.entry(address.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        let mail = self
            .nth(address, taken, "a code", |mail| mail.code().is_some())
            .await;
        let code = mail.code().unwrap_or_default().to_owned();
        self.secrets.note(Kind::Code, &code);
        code
    }

    /// The first mail to `address` that `fits`.
    pub async fn mail(&self, address: &str, what: &str, fits: impl Fn(&Mail) -> bool) -> Mail {
        self.nth(address, 0, what, fits).await
    }

    /// The mails to `address` so far.
    pub async fn to(&self, address: &str) -> Vec<Mail> {
        self.poll().await;
        let all = self.latest.borrow().clone();
        all.iter()
            .filter(|mail| mail.to == address)
            .cloned()
            .collect()
    }

    pub async fn count(&self) -> usize {
        self.poll().await;
        self.latest.borrow().len()
    }

    /// Sets how the mail server replies from now on.
    pub async fn set_replies(&self, replies: &[SmtpReply]) {
        let url = format!("{}/refusals", self.url.trim_end_matches('/'));
        let response = self.http.put(url).json(replies).send().await;
        let response = response.expect("the inbox accepts replies");
        assert!(response.status().is_success(), "replies: {response:?}");
    }

    /// Forgets all mails, since a restarted runner has an empty inbox.
    pub(crate) fn reset(&self) {
        self.taken.lock().expect("only counted under it").clear();
        self.latest.send_replace(Arc::default());
    }

    /// The mail to `address` that `fits`, after `place` earlier ones that do.
    pub async fn nth(
        &self,
        address: &str,
        place: usize,
        what: &str,
        fits: impl Fn(&Mail) -> bool,
    ) -> Mail {
        let mut latest = self.latest.subscribe();
        let waiting = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(100));
            loop {
                let all = Arc::clone(&latest.borrow_and_update());
                let mut fitting = all
                    .iter()
                    .filter(|mail| mail.to == address && fits(mail))
                    .skip(place);
                if let Some(mail) = fitting.next() {
                    return mail.clone();
                }
                // One waiter polls for all of them.
                tokio::select! {
                    _ = latest.changed() => {}
                    _ = async { ticks.tick().await; self.poll().await } => {}
                }
            }
        };
        match tokio::time::timeout(DELIVERY, waiting).await {
            Ok(mail) => mail,
            Err(_) => {
                let received: Vec<_> = self.to(address).await;
                let received: Vec<_> = received.iter().map(|mail| &mail.subject).collect();
                panic!("waited for {what} to {address}; received {received:?}")
            }
        }
    }

    async fn poll(&self) {
        let _only = self.poll.lock().await;
        // A restarting runner has no inbox for a moment.
        if let Ok(mails) = self.fetch().await {
            self.latest.send_if_modified(|latest| {
                let changed = latest.len() != mails.len();
                *latest = Arc::new(mails);
                changed
            });
        }
    }

    async fn fetch(&self) -> anyhow::Result<Vec<Mail>> {
        let request = self
            .http
            .get(&self.url)
            .header("accept", "application/json");
        let response = request.send().await.context("asking for the inbox")?;
        let mails: Vec<Mail> = response.json().await.context("reading the inbox")?;
        for mail in &mails {
            if let Some(code) = mail.code() {
                self.secrets.note(Kind::Code, code);
            }
        }
        Ok(mails)
    }
}
