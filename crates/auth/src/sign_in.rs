//! Starting a session after a sign-in, by whatever factors.

use crypto::random;
use domain::Timestamp;
use queue::Queue;
use queue::jobs::mail::Job;
use store::users::Account;

use crate::Result;
use crate::sessions::{Sessions, Started};

/// A completed sign-in.
pub struct SignIn {
    /// The account.
    pub account: Account,
    /// The browser's `User-Agent`.
    pub device: String,
    /// Whether the account was created a moment ago: then no device is unusual.
    pub is_new: bool,
}

impl Sessions {
    /// Starts a session. The account's failures are cleared, and its owner is
    /// notified of a device that none of their sessions has.
    pub async fn sign_in(&self, queue: &Queue, sign_in: SignIn, now: Timestamp) -> Result<Started> {
        let SignIn {
            account,
            device,
            is_new,
        } = sign_in;
        let store = self.store();
        let known = store.sessions_of(&account.id, now).await?;
        let is_unusual = !is_new && !known.iter().any(|session| session.device == device);
        store.clear_failures(&[&account.email]).await?;
        let started = self.begin(&account, device.clone(), now).await?;
        if is_unusual {
            let notice = Job::NewSignIn {
                email: account.email,
                device,
                at: now,
            };
            // The sign-in succeeds without the notification.
            if let Err(error) = queue.publish(&random::id(), &notice, now).await {
                tracing::warn!(%error, "could not queue sign-in notification");
            }
        }
        Ok(started)
    }
}
