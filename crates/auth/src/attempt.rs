//! Counting of passwords and codes before they are compared.

use domain::limits::{FAILURES_PER_NETWORK, FAILURES_PER_SOURCE, Quota};
use domain::{Source, Timestamp};
use store::Store;
use store::users::Account;

use crate::Result;

const PER_SOURCE: (Quota, Quota) = (FAILURES_PER_SOURCE, FAILURES_PER_NETWORK);

/// The key under which wrong passwords are counted that need a live session.
pub fn signed_in_key(user: &str) -> String {
    format!("signed-in:{user}")
}

/// Every key under which anonymous and signed-in failures of an account are
/// counted, except for those of its TOTP codes.
pub(crate) fn failures_keys(account: &Account) -> [String; 3] {
    let email = &account.email;
    [
        email.clone(),
        format!("code:{email}"),
        signed_in_key(&account.id),
    ]
}

/// A password or a code that is about to be compared. It is counted as wrong from
/// the start, so that concurrent attempts are all counted before the first is
/// compared.
pub struct Attempt<'a> {
    store: &'a Store,
    source: Option<&'a Source>,
    account: Option<(&'a str, u32)>,
    now: Timestamp,
}

impl<'a> Attempt<'a> {
    /// Counts an attempt against its source address and against `account`, the key
    /// of an account's failures.
    ///
    /// Only an attempt that anyone can make has a source. One that needs a session,
    /// a known device, or the answer to an earlier step has none, so that others
    /// behind the same address do not delay it.
    ///
    /// # Errors
    /// [`domain::ApiError::TooFast`] when it must not be compared; then it was not
    /// counted.
    pub async fn begin(
        store: &'a Store,
        source: Option<&'a Source>,
        account: Option<&'a str>,
        now: Timestamp,
    ) -> Result<Self> {
        if let Some(source) = source {
            store.count_source(PER_SOURCE, source, now).await?;
        }
        let mut attempt = Self {
            store,
            source,
            account: None,
            now,
        };
        if let Some(account) = account {
            match store.count_failure(account, now).await {
                Ok(number) => attempt.account = Some((account, number)),
                Err(error) => {
                    attempt.take_back().await?;
                    return Err(error.into());
                }
            }
        }
        Ok(attempt)
    }

    /// Uncounts the attempt: the password or code was right.
    pub async fn take_back(self) -> Result<()> {
        if let Some((account, number)) = self.account {
            self.store.uncount_failure(account, number).await?;
        }
        if let Some(source) = self.source {
            self.store
                .uncount_source(PER_SOURCE, source, self.now)
                .await?;
        }
        Ok(())
    }
}
