//! A mail server that keeps what it is sent, for people and tests to read.
//!
//! SMTP as RFC 5321 has it, and strictly, on a port of its own; `/_local/inbox`
//! shows the mails, empties the inbox, and makes it refuse or dawdle.
//! Deliberately absent: TLS, sending mail on, and keeping it over a restart.

mod conversation;
mod dialogue;
mod mailbox;
mod page;
mod web;

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;

use mailbox::Mailbox;

/// A running mail server and the mails that it took. Cheap to clone.
#[derive(Clone)]
pub struct Inbox {
    address: SocketAddr,
    mailbox: Mailbox,
}

impl Inbox {
    /// Listens on `address` (port 0 takes a free one).
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn start(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("the mail server cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        let mailbox = Mailbox::default();
        tokio::spawn(accept(listener, mailbox.clone()));
        Ok(Self { address, mailbox })
    }

    /// `smtp://host:port`.
    pub fn smtp_url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// `/_local/inbox` and what is below it.
    pub fn router(&self) -> Router {
        web::router(self.mailbox.clone())
    }
}

async fn accept(listener: TcpListener, mailbox: Mailbox) {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                tokio::spawn(conversation::hold(socket, mailbox.clone()));
            }
            // Out of file descriptors, most likely: others may close some.
            Err(error) => {
                tracing::warn!(%error, "mail connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
