//! Wrong passwords and codes in a row. A key is an address, or what
//! [`crate::challenges::Challenge::counted_as`] says.

use std::time::Duration;

use domain::Timestamp;
use domain::TooFast;
use domain::limits::{FAILURES_UNTIL_DISABLED, wait_after};
use mongodb::bson::doc;
use serde::{Deserialize, Serialize};

use crate::error::{Result, is_duplicate};
use crate::{Store, date};

#[derive(Default, Serialize, Deserialize)]
struct Failures {
    n: u32,
    retry_at: Option<Timestamp>,
}

impl Store {
    /// Counts a wrong password or code of `key` before it is compared, and says
    /// whether it may be compared at all. [`Store::uncount_failure`] or
    /// [`Store::clear_failures`] follows when it was right.
    ///
    /// Concurrent calls get numbers of their own, and those after the one that
    /// begins a wait are rejected.
    pub async fn count_failure(&self, key: &str, now: Timestamp) -> Result<u32> {
        loop {
            let known = self.failures().find_one(doc! { "_id": key }).await?;
            let is_new = known.is_none();
            let Failures { n, retry_at } = known.unwrap_or_default();
            if let Some(at) = retry_at
                && at > now
            {
                return Err(TooFast { retry_at: at }.into());
            }
            let next = n.saturating_add(1);
            let wait = wait_after(next);
            let update = doc! { "$set": {
                "n": next,
                "retry_at": (!wait.is_zero()).then_some((now + wait).as_millis()),
                "expires": date(now + Duration::from_hours(30 * 24)),
            } };
            let counted = self
                .failures()
                .update_one(doc! { "_id": key, "n": n }, update)
                .upsert(is_new)
                .await;
            match counted {
                Ok(done) if done.matched_count == 1 || done.upserted_id.is_some() => {
                    return Ok(next);
                }
                // Another one was counted since it was read.
                Ok(_) => {}
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes back the try of this number: it was right, but not yet enough to
    /// be let in. The wait that it began ends with it, that of a later one stays.
    pub async fn uncount_failure(&self, key: &str, number: u32) -> Result<()> {
        let latest = doc! { "_id": key, "n": number };
        let update = doc! { "$inc": { "n": -1 }, "$unset": { "retry_at": "" } };
        let returned = self.failures().update_one(latest, update).await?;
        if returned.matched_count == 0 {
            let earlier = doc! { "_id": key, "n": { "$gt": 0 } };
            self.failures()
                .update_one(earlier, doc! { "$inc": { "n": -1 } })
                .await?;
        }
        Ok(())
    }

    /// Whether codes by mail are disabled for `key` until its password is reset.
    pub async fn is_disabled(&self, key: &str) -> Result<bool> {
        let known = self.failures().find_one(doc! { "_id": key }).await?;
        Ok(known.is_some_and(|failures| failures.n >= FAILURES_UNTIL_DISABLED))
    }

    /// Forgets the failures of `keys`: their owner was let in.
    pub async fn clear_failures(&self, keys: &[&str]) -> Result<()> {
        self.failures()
            .delete_many(doc! { "_id": { "$in": keys } })
            .await?;
        Ok(())
    }

    fn failures(&self) -> mongodb::Collection<Failures> {
        self.collection("failures")
    }
}
