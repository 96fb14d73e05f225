//! How often something happened: quotas in windows, steady rates, and wrong
//! passwords and codes in a row. Each is one conditional write.

use domain::limits::{FAILURES_UNTIL_DISABLED, Quota, Rate, wait_after};
use domain::time::{DAY, Millis};
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;
use serde::Deserialize;

use crate::error::{Result, is_duplicate};
use crate::{Store, date};

/// Whether something may happen now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// It may.
    Yes,
    /// Not before this time.
    Until(Millis),
}

#[derive(Deserialize)]
struct Counter {
    n: i64,
}

#[derive(Deserialize)]
struct Failures {
    n: u32,
    retry_at: Option<Millis>,
}

impl Store {
    /// Counts one more of `key` and says whether the quota allows it.
    pub async fn count(&self, quota: Quota, key: &str, now: Millis) -> Result<Allowed> {
        let end = window_end(quota, now);
        let update = doc! {
            "$inc": { "n": 1 },
            "$setOnInsert": { "expires": date(end) },
        };
        let counter: Counter = self
            .upsert("counters", &counter_id(quota, key, now), update)
            .await?;
        Ok(allowed(counter.n <= quota.count, end))
    }

    /// Whether the quota would allow one more of `key`, without counting it.
    pub async fn look(&self, quota: Quota, key: &str, now: Millis) -> Result<Allowed> {
        let filter = doc! { "_id": counter_id(quota, key, now) };
        let counter = self
            .collection::<Counter>("counters")
            .find_one(filter)
            .await?;
        let used = counter.map_or(0, |counter| counter.n);
        Ok(allowed(used < quota.count, window_end(quota, now)))
    }

    /// Takes one event of `key` from a steady rate (the generic cell rate
    /// algorithm): `tat` is when the bucket will be full again.
    pub async fn pace(&self, rate: Rate, key: &str, now: Millis) -> Result<Allowed> {
        let depth = rate.interval * (rate.burst - 1);
        let id = format!("{}:{key}", rate.name);
        let filter = doc! { "_id": &id, "tat": { "$lte": now + depth } };
        let full = doc! { "$max": [{ "$ifNull": ["$tat", 0_i64] }, now] };
        let update = vec![doc! { "$set": {
            "tat": { "$add": [full, rate.interval] },
            "expires": date(now + rate.interval * rate.burst + DAY),
        } }];
        let taken = self
            .collection::<Document>("rates")
            .update_one(filter, update)
            .upsert(true)
            .await;
        match taken {
            Ok(_) => Ok(Allowed::Yes),
            // The row is there and its `tat` is later: the filter did not match it.
            Err(error) if is_duplicate(&error) => Ok(Allowed::Until(now + rate.interval)),
            Err(error) => Err(error.into()),
        }
    }

    /// Counts a wrong password or code for `account` before it is compared, and
    /// says whether it may be compared at all. [`Store::take_back_try`] or
    /// [`Store::forgive`] follows when it was right.
    pub async fn try_account(&self, account: &str, now: Millis) -> Result<Allowed> {
        let known = self
            .collection::<Failures>("failures")
            .find_one(doc! { "_id": account })
            .await?;
        if let Some(Failures {
            retry_at: Some(retry_at),
            ..
        }) = known
            && retry_at > now
        {
            return Ok(Allowed::Until(retry_at));
        }
        let update = doc! {
            "$inc": { "n": 1 },
            "$set": { "expires": date(now + 30 * DAY) },
        };
        let failures: Failures = self.upsert("failures", account, update).await?;
        let wait = wait_after(failures.n);
        if wait > 0 {
            let update = doc! { "$max": { "retry_at": now + wait } };
            self.collection::<Document>("failures")
                .update_one(doc! { "_id": account }, update)
                .await?;
        }
        Ok(Allowed::Yes)
    }

    /// Takes back the one try that [`Store::try_account`] counted: it was right,
    /// but not yet enough to be let in.
    pub async fn take_back_try(&self, account: &str) -> Result<()> {
        let update = doc! { "$inc": { "n": -1 }, "$unset": { "retry_at": "" } };
        self.collection::<Document>("failures")
            .update_one(doc! { "_id": account, "n": { "$gt": 0 } }, update)
            .await?;
        Ok(())
    }

    /// Whether codes by mail are disabled for `account` until its password is reset.
    pub async fn is_disabled(&self, account: &str) -> Result<bool> {
        let known = self
            .collection::<Failures>("failures")
            .find_one(doc! { "_id": account })
            .await?;
        Ok(known.is_some_and(|failures| failures.n >= FAILURES_UNTIL_DISABLED))
    }

    /// Forgets the failures of `account`: it was let in.
    pub async fn forgive(&self, account: &str) -> Result<()> {
        self.collection::<Document>("failures")
            .delete_one(doc! { "_id": account })
            .await?;
        Ok(())
    }

    async fn upsert<T>(&self, collection: &str, id: &str, update: Document) -> Result<T>
    where
        T: serde::de::DeserializeOwned + Send + Sync,
    {
        let collection = self.collection::<T>(collection);
        // Two first ones at once: one makes the row, the other meets it.
        for last in [false, true] {
            let made = collection
                .find_one_and_update(doc! { "_id": id }, update.clone())
                .upsert(true)
                .return_document(ReturnDocument::After)
                .await;
            match made {
                Ok(Some(row)) => return Ok(row),
                Err(error) if is_duplicate(&error) && !last => {}
                Err(error) => return Err(error.into()),
                Ok(None) => unreachable!("an upsert that asks for the row after it gets one"),
            }
        }
        unreachable!("the second round returns")
    }
}

fn allowed(yes: bool, otherwise: Millis) -> Allowed {
    if yes {
        Allowed::Yes
    } else {
        Allowed::Until(otherwise)
    }
}

fn counter_id(quota: Quota, key: &str, now: Millis) -> String {
    format!("{}:{key}:{}", quota.name, now / quota.window)
}

fn window_end(quota: Quota, now: Millis) -> Millis {
    (now / quota.window + 1) * quota.window
}
