//! Starting a session after a sign-in, by whatever factors.

use crypto::random;
use domain::Timestamp;
use queue::Queue;
use queue::jobs::mail::Job;
use store::users::Account;

use crate::Result;
use crate::sessions::{Sessions, Started};

pub struct SignIn<'a> {
    /// The account, as it was when its factors were checked.
    pub account: Account,
    /// The browser's `User-Agent`.
    pub device: String,
    pub device_cookie: Option<&'a str>,
    /// Whether the account was created a moment ago: then no device is unusual.
    pub is_new: bool,
}

impl Sessions {
    /// Starts a session, makes the device known to the account, and notifies the
    /// owner of a device that was not. The failures that the sign-in could have
    /// waited for are cleared; a known device leaves those of others alone.
    pub async fn sign_in(
        &self,
        queue: &Queue,
        sign_in: SignIn<'_>,
        now: Timestamp,
    ) -> Result<Started> {
        let SignIn {
            account,
            device,
            device_cookie,
            is_new,
        } = sign_in;
        let known = self.devices().find(device_cookie, &account);
        let password_failures = match &known {
            Some(device) => device.failures_key(),
            None => account.email.clone(),
        };
        let code_failures = format!("code:{}", account.email);
        self.store()
            .clear_failures(&[&password_failures, &code_failures])
            .await?;
        let mut started = self.begin(&account, device.clone(), now).await?;
        started
            .cookies
            .push(self.devices().remember(device_cookie, &account));
        if known.is_none() && !is_new {
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
