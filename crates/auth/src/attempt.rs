//! Counting of passwords and codes before they are compared.

use domain::Timestamp;
use domain::limits::FAILURES_PER_SOURCE;
use store::Store;

use crate::Result;

/// A password or a code that is about to be compared. It is counted as wrong from
/// the start, so that concurrent attempts are all counted before the first is
/// compared.
pub struct Attempt<'a> {
    store: &'a Store,
    source: &'a str,
    account: Option<(&'a str, u32)>,
    now: Timestamp,
}

impl<'a> Attempt<'a> {
    /// Counts an attempt against its source address and against `account`, the
    /// key of an account's failures.
    ///
    /// # Errors
    /// [`domain::ApiError::TooFast`] when it must not be compared; then it was
    /// not counted.
    pub async fn begin(
        store: &'a Store,
        source: &'a str,
        account: Option<&'a str>,
        now: Timestamp,
    ) -> Result<Self> {
        store.count(FAILURES_PER_SOURCE, source, now).await?;
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
        self.store
            .uncount(FAILURES_PER_SOURCE, self.source, self.now)
            .await?;
        Ok(())
    }
}
