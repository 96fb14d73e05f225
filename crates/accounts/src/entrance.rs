//! Letting somebody in, whichever way they proved who they are.

use credentials::random;
use domain::Millis;
use domain::mail::Job;
use outbox::Outbox;
use store::users::Account;

use crate::Result;
use crate::sessions::{Sessions, Started};

/// Somebody who has proved who they are.
pub struct Arrival {
    /// Their account.
    pub account: Account,
    /// Their browser, as it names itself.
    pub device: String,
    /// Whether the account was made a moment ago: then no device is a strange one.
    pub is_new: bool,
}

impl Sessions {
    /// Begins a session. What was counted against the account is forgiven, and
    /// its owner is told of a device that none of their sessions has.
    pub async fn admit(&self, outbox: &Outbox, arrival: Arrival, now: Millis) -> Result<Started> {
        let Arrival {
            account,
            device,
            is_new,
        } = arrival;
        let store = self.store();
        let known = store.sessions_of(&account.id, now).await?;
        let is_strange = !is_new && !known.iter().any(|session| session.device == device);
        store.forgive(&[&account.email]).await?;
        let started = self.begin(&account, device.clone(), now).await?;
        if is_strange {
            let notice = Job::NewSignIn {
                email: account.email,
                device,
                at: now,
            };
            // Not worth refusing somebody who is signed in.
            if let Err(error) = outbox.publish(&random::id(), &notice, now).await {
                tracing::warn!(%error, "the owner is not told of a sign-in");
            }
        }
        Ok(started)
    }
}
