//! Checking second factors: a TOTP code or a recovery code.

use crypto::{Sealed, TotpSecret, recovery};
use domain::limits::DISABLED_WAIT;
use domain::{ApiError, FactorCode, Timestamp, TooFast, TotpCode};
use queue::jobs::mail::FactorChange;
use store::users::Account;

use crate::{Attempt, Auth, Result, notify_factor_change};

/// A TOTP secret that no active pepper opens.
#[derive(Debug, thiserror::Error)]
#[error("a TOTP secret does not open with any active pepper")]
struct UnreadableSecret;

impl Auth {
    /// Whether this is a second factor of the account, which is used up then. The
    /// owner is notified by email of a recovery code that was used.
    ///
    /// Six digits can be guessed, so wrong TOTP codes are counted before they are
    /// compared, under a key of their own: a password reset, which needs the
    /// mailbox alone, clears the failures of passwords and not these. Recovery
    /// codes cannot be guessed and wait for no count of the account, so they
    /// remain usable during an attack.
    ///
    /// # Errors
    /// [`ApiError::TooFast`] when nothing was compared.
    pub async fn check_factor(
        &self,
        account: &Account,
        code: &FactorCode,
        now: Timestamp,
    ) -> Result<bool> {
        let counted = failures_key(account);
        let guessable = matches!(code, FactorCode::Totp(_)).then_some(counted.as_str());
        if guessable.is_some() && self.store.is_disabled(&counted).await? {
            let retry_at = now + DISABLED_WAIT;
            return Err(TooFast { retry_at }.into());
        }
        let attempt = Attempt::begin(&self.store, None, guessable, now).await?;
        let is_right = match code {
            FactorCode::Totp(code) => self.take_totp(account, *code, now).await?,
            FactorCode::Recovery(code) => {
                let hash = recovery::hash(&account.id, code);
                self.store.take_recovery_code(&account.id, hash).await?
            }
        };
        if !is_right {
            return Ok(false);
        }
        attempt.take_back().await?;
        self.store.clear_failures(&[&counted]).await?;
        if matches!(code, FactorCode::Recovery(_)) {
            self.notify_recovery_code_used(account, now).await;
        }
        Ok(true)
    }

    /// The code is used up, so the sign-in goes on while the broker is
    /// unavailable.
    async fn notify_recovery_code_used(&self, account: &Account, now: Timestamp) {
        let change = FactorChange::RecoveryCodeUsed;
        if let Err(error) = notify_factor_change(&self.queue, account, change, now).await {
            tracing::warn!(?error, "could not queue recovery code notification");
        }
    }

    async fn take_totp(&self, account: &Account, code: TotpCode, now: Timestamp) -> Result<bool> {
        let Some(totp) = &account.totp else {
            return Ok(false);
        };
        let sealed = Sealed {
            key: totp.key.clone(),
            bytes: totp.sealed().to_vec(),
        };
        let secret = self.open_totp(&account.id, &sealed)?;
        match secret.step_of(code, now, totp.step) {
            Some(step) => Ok(self.store.take_totp_step(&account.id, step).await?),
            None => Ok(false),
        }
    }

    /// The TOTP secret that was sealed for an account.
    pub fn open_totp(&self, user: &str, sealed: &Sealed) -> Result<TotpSecret> {
        self.pepper
            .open(user, sealed)
            .and_then(|bytes| TotpSecret::from_bytes(&bytes))
            .ok_or_else(|| ApiError::internal(UnreadableSecret))
    }
}

/// The key under which wrong TOTP codes of an account are counted.
fn failures_key(account: &Account) -> String {
    format!("totp:{}", account.email)
}
