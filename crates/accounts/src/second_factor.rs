//! Comparing second factors: an app's code or a recovery code.

use credentials::{Sealed, recovery};
use domain::limits::DISABLED_WAIT;
use domain::mail::FactorChange;
use domain::{FactorCode, Millis, TotpCode};
use store::users::Account;

use crate::codes::Codes;
use crate::guess::{Guess, Guessing};
use crate::notice::tell_of_change;
use crate::{Error, Result};

/// What a second factor was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// It is the account's, and counts no more.
    Right,
    /// It is not, or it was used before.
    Wrong,
    /// Not before this time; nothing was compared.
    Wait(Millis),
}

impl Codes {
    /// Compares a second factor with an account's, and uses it up. The owner is
    /// told by mail of a recovery code that was used.
    ///
    /// Six digits can be guessed, so wrong ones are counted before they are
    /// compared, by themselves: whoever has the mailbox can have the failures of
    /// passwords forgiven and not these. Recovery codes cannot be guessed and
    /// wait for no count of the account, so they are the path that stays open.
    pub async fn check_factor(
        &self,
        account: &Account,
        code: &FactorCode,
        source: &str,
        now: Millis,
    ) -> Result<Factor> {
        let store = self.store();
        let counted = counted_as(account);
        let guessable = matches!(code, FactorCode::Totp(_)).then_some(counted.as_str());
        if guessable.is_some() && store.is_disabled(&counted).await? {
            return Ok(Factor::Wait(now + DISABLED_WAIT));
        }
        let guess = match Guess::begin(store, source, guessable, now).await? {
            Guessing::May(guess) => guess,
            Guessing::Wait(at) => return Ok(Factor::Wait(at)),
        };
        let right = match code {
            FactorCode::Totp(code) => self.take_totp(account, *code, now).await?,
            FactorCode::Recovery(code) => {
                let hash = recovery::hash(&account.id, code);
                store.take_recovery_code(&account.id, hash).await?
            }
        };
        if !right {
            return Ok(Factor::Wrong);
        }
        guess.take_back().await?;
        store.forgive(&[&counted]).await?;
        if matches!(code, FactorCode::Recovery(_)) {
            self.tell_of_recovery_code(account, now).await;
        }
        Ok(Factor::Right)
    }

    /// The code is used up: its owner goes on although the broker is away.
    async fn tell_of_recovery_code(&self, account: &Account, now: Millis) {
        let change = FactorChange::RecoveryCodeUsed;
        if let Err(error) = tell_of_change(self.outbox(), account, change, now).await {
            tracing::warn!(%error, "the owner is not told of a recovery code");
        }
    }

    async fn take_totp(&self, account: &Account, code: TotpCode, now: Millis) -> Result<bool> {
        let Some(totp) = &account.totp else {
            return Ok(false);
        };
        let sealed = Sealed {
            key: totp.key.clone(),
            bytes: totp.sealed().to_vec(),
        };
        let secret = self.open_totp(&account.id, &sealed)?;
        match secret.step_of(code, now, totp.step) {
            Some(step) => Ok(self.store().take_totp_step(&account.id, step).await?),
            None => Ok(false),
        }
    }

    /// The TOTP secret that was sealed for an account.
    pub fn open_totp(&self, user: &str, sealed: &Sealed) -> Result<credentials::TotpSecret> {
        let opened = self.pepper().open(user, sealed);
        opened
            .and_then(|bytes| credentials::TotpSecret::from_bytes(&bytes))
            .ok_or(Error::Sealed)
    }
}

/// What an account's wrong codes of an app are counted under.
fn counted_as(account: &Account) -> String {
    format!("totp:{}", account.email)
}
