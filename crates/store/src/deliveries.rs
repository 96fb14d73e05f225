//! What was mailed already, so that a job that comes twice is mailed once.
//!
//! A job is marked after the mail server has taken it. A crash in between mails
//! it again: the two mails then carry the same Message-ID.

use std::time::Duration;

use std::collections::HashSet;

use domain::Timestamp;
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use serde::Deserialize;

use crate::error::{Result, is_duplicate};
use crate::{Store, date};

/// How long a mailed job is remembered: longer than it can stay on a queue.
/// Delayed jobs are given up within 12 hours.
const REMEMBERED: Duration = Duration::from_hours(7 * 24);

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "_id")]
    id: String,
}

impl Store {
    /// Those of `jobs` that were mailed.
    pub async fn already_sent(&self, jobs: &[&str]) -> Result<HashSet<String>> {
        if jobs.is_empty() {
            return Ok(HashSet::new());
        }
        let sent: Vec<Row> = self
            .collection::<Row>("deliveries")
            .find(doc! { "_id": { "$in": jobs } })
            .projection(doc! { "_id": 1 })
            .await?
            .try_collect()
            .await?;
        Ok(sent.into_iter().map(|row| row.id).collect())
    }

    /// Remembers that `job` was mailed.
    pub async fn mark_sent(&self, job: &str, now: Timestamp) -> Result<()> {
        let first = doc! { "sent_at": now.as_millis(), "expires": date(now + REMEMBERED) };
        let marked = self
            .collection::<Document>("deliveries")
            .update_one(doc! { "_id": job }, doc! { "$setOnInsert": first })
            .upsert(true)
            .await;
        match marked {
            Ok(_) => Ok(()),
            Err(error) if is_duplicate(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
