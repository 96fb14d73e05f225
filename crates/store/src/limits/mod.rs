//! How often something happened: quotas and steady rates here, wrong passwords
//! and codes in a row in [`failures`]. What is taken is taken by one conditional
//! write, so that any number at once take no more than there is.

mod failures;

use std::time::Duration;

use domain::limits::{Quota, Rate, Used};
use domain::{Source, Timestamp, TooFast};
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use serde::Deserialize;

use crate::error::{Result, is_duplicate};
use crate::{Store, date, millis};

#[derive(Deserialize)]
struct Counter {
    #[serde(rename = "_id")]
    id: String,
    n: i64,
}

impl Store {
    /// Counts one more of `key`, if the quota allows it.
    pub async fn count(&self, quota: Quota, key: &str, now: Timestamp) -> Result<()> {
        self.count_many(quota, key, 1, now).await
    }

    /// Counts `more` of `key`, if the quota allows all of them; otherwise none
    /// is counted.
    pub async fn count_many(
        &self,
        quota: Quota,
        key: &str,
        more: i64,
        now: Timestamp,
    ) -> Result<()> {
        let id = counter_id(quota, key, quota.window_of(now));
        let update = doc! {
            "$inc": { "n": more },
            "$setOnInsert": { "expires": date(quota.forgotten_at(now)) },
        };
        loop {
            let used = self.used(quota, key, now).await?;
            if let Some(at) = quota.wait(used, more, now) {
                return Err(TooFast { retry_at: at }.into());
            }
            let most = quota.room(used.previous, now) - more;
            let counted = self
                .collection::<Document>("counters")
                .update_one(doc! { "_id": &id, "n": { "$lte": most } }, update.clone())
                .upsert(true)
                .await;
            match counted {
                Ok(_) => return Ok(()),
                // The row was made, or filled, since it was read.
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Refuses where nothing is left of the quota, and counts nothing.
    pub async fn check(&self, quota: Quota, key: &str, now: Timestamp) -> Result<()> {
        let used = self.used(quota, key, now).await?;
        match quota.wait(used, 1, now) {
            Some(retry_at) => Err(TooFast { retry_at }.into()),
            None => Ok(()),
        }
    }

    /// Uses up what is left of the quota, so that the answer to the refused call
    /// does not depend on how many it would have counted.
    pub async fn exhaust(&self, quota: Quota, key: &str, now: Timestamp) -> Result<TooFast> {
        let id = counter_id(quota, key, quota.window_of(now));
        let update = doc! {
            "$max": { "n": quota.count },
            "$setOnInsert": { "expires": date(quota.forgotten_at(now)) },
        };
        self.collection::<Document>("counters")
            .update_one(doc! { "_id": &id }, update)
            .upsert(true)
            .await?;
        let used = self.used(quota, key, now).await?;
        let retry_at = quota.wait(used, 1, now).unwrap_or(now + quota.window);
        Ok(TooFast { retry_at })
    }

    /// Takes back one that [`Store::count`] counted at `now`: it did not happen.
    pub async fn uncount(&self, quota: Quota, key: &str, now: Timestamp) -> Result<()> {
        let id = counter_id(quota, key, quota.window_of(now));
        self.collection::<Document>("counters")
            .update_one(
                doc! { "_id": id, "n": { "$gt": 0 } },
                doc! { "$inc": { "n": -1 } },
            )
            .await?;
        Ok(())
    }

    /// Counts anew from zero.
    pub async fn clear_count(&self, quota: Quota, key: &str, now: Timestamp) -> Result<()> {
        let window = quota.window_of(now);
        let ids = [window - 1, window].map(|window| counter_id(quota, key, window));
        self.collection::<Document>("counters")
            .delete_many(doc! { "_id": { "$in": ids.to_vec() } })
            .await?;
        Ok(())
    }

    /// Counts one more of a source address and of the network that it is in, if
    /// both quotas allow it.
    pub async fn count_source(
        &self,
        (host, network): (Quota, Quota),
        source: &Source,
        now: Timestamp,
    ) -> Result<()> {
        self.count(host, &source.host, now).await?;
        let Some(key) = &source.network else {
            return Ok(());
        };
        let counted = self.count(network, key, now).await;
        if counted.is_err() {
            self.uncount(host, &source.host, now).await?;
        }
        counted
    }

    /// Takes back what [`Store::count_source`] counted at `now`.
    pub async fn uncount_source(
        &self,
        (host, network): (Quota, Quota),
        source: &Source,
        now: Timestamp,
    ) -> Result<()> {
        self.uncount(host, &source.host, now).await?;
        match &source.network {
            Some(key) => self.uncount(network, key, now).await,
            None => Ok(()),
        }
    }

    /// Takes one event of `key` from a steady rate (the generic cell rate
    /// algorithm): `tat` is when the bucket will be full again.
    pub async fn pace(&self, rate: Rate, key: &str, now: Timestamp) -> Result<()> {
        let depth = rate.interval * (rate.burst - 1);
        let id = format!("{}:{key}", rate.name);
        let filter = doc! { "_id": &id, "tat": { "$lte": (now + depth).as_millis() } };
        let full = doc! { "$max": [{ "$ifNull": ["$tat", 0_i64] }, now.as_millis()] };
        let update = vec![doc! { "$set": {
            "tat": { "$add": [full, millis(rate.interval)] },
            "expires": date(now + rate.interval * rate.burst + Duration::from_hours(24)),
        } }];
        // A duplicate key says that the row is there and its `tat` is later, or
        // that another first event made it at this moment: the second round shows which.
        for _ in 0..2 {
            let taken = self
                .collection::<Document>("rates")
                .update_one(filter.clone(), update.clone())
                .upsert(true)
                .await;
            match taken {
                Ok(_) => return Ok(()),
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let retry_at = now + rate.interval;
        Err(TooFast { retry_at }.into())
    }

    async fn used(&self, quota: Quota, key: &str, now: Timestamp) -> Result<Used> {
        let window = quota.window_of(now);
        let previous = counter_id(quota, key, window - 1);
        let current = counter_id(quota, key, window);
        let counters: Vec<Counter> = self
            .collection::<Counter>("counters")
            .find(doc! { "_id": { "$in": [&previous, &current] } })
            .await?
            .try_collect()
            .await?;
        let of = |id: &str| {
            let found = counters.iter().find(|counter| counter.id == id);
            found.map_or(0, |counter| counter.n)
        };
        Ok(Used {
            previous: of(&previous),
            current: of(&current),
        })
    }
}

fn counter_id(quota: Quota, key: &str, window: i64) -> String {
    format!("{}:{key}:{window}", quota.name)
}
