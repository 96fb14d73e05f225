//! Processing one batch: all jobs concurrently, each independently.

use std::collections::HashSet;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::Context;
use futures_util::{StreamExt, stream};
use lambda::queue::{Batch, Message};
use telemetry::Metric;
use tokio::time::{Instant, sleep_until};

use crate::App;
use crate::tally::Tally;

/// Time reserved for retrying and marking jobs at the end.
const RESERVE: Duration = Duration::from_secs(12);
/// Minimum duration of a failing batch. It is redelivered at once, and the broker
/// dead-letters jobs after too many redeliveries: `queue::topology` relies on this
/// pace, so that a code expires before.
const MIN_FAILURE_TIME: Duration = Duration::from_secs(6);
/// Jobs processed at once. More than the mailer sends at once, so that jobs being
/// marked do not delay others.
const AT_ONCE: usize = 2 * email::CONCURRENT;

/// Processes every message and logs one line.
pub(crate) async fn handle(app: &App, batch: Batch) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut tally = Tally::default();
    let handled = each(app, batch, &mut tally).await;
    if let Some(parked) = app.queue.parked_jobs().await {
        telemetry::count(Metric::MailDead, parked.into());
    }
    tally.log(begun.elapsed());
    if handled.is_err() {
        sleep_until(begun + MIN_FAILURE_TIME).await;
    }
    handled
}

async fn each(app: &App, batch: Batch, tally: &mut Tally) -> anyhow::Result<()> {
    let deadline = deadline(&batch);
    tally.jobs = batch.messages.len();
    app.mark_unmarked().await;
    let (fresh, skipped) = app.fresh(batch.messages).await?;
    tally.skipped = skipped;

    let mut results = stream::iter(fresh)
        .map(|message| app.process(message, deadline))
        .buffer_unordered(AT_ONCE);
    let mut failure = None;
    while let Some(result) = results.next().await {
        match result {
            Ok(disposition) => tally.count(disposition),
            Err(error) => {
                tally.failed += 1;
                failure = Some(error);
            }
        }
    }
    match failure {
        None => Ok(()),
        Some(error) => Err(error).context("could not retry or park a job"),
    }
}

/// Until when emails may be sent: [`RESERVE`] before the end, or half of a shorter
/// time.
fn deadline(batch: &Batch) -> Instant {
    let left = batch.time_left();
    Instant::now() + left.saturating_sub(RESERVE.min(left / 2))
}

impl App {
    /// The messages not sent before, each id once, and the number of others.
    async fn fresh(&self, messages: Vec<Message>) -> anyhow::Result<(Vec<Message>, usize)> {
        let count = messages.len();
        let ids: Vec<&str> = messages.iter().map(|message| &message.id[..]).collect();
        let mut known = self
            .store
            .already_sent(&ids)
            .await
            .context("could not look up sent jobs")?;
        known.extend(self.unmarked().iter().cloned());
        let fresh: Vec<Message> = messages
            .into_iter()
            .filter(|message| known.insert(message.id.clone()))
            .collect();
        let skipped = count - fresh.len();
        Ok((fresh, skipped))
    }

    /// Marks a job as sent. If that fails, the mark is written with the next batch.
    pub(crate) async fn mark(&self, id: &str) {
        if let Err(error) = self.store.mark_sent(id, lambda::now()).await {
            tracing::warn!(%error, "could not mark job as sent, will retry with next batch");
            self.unmarked().insert(id.to_owned());
        }
    }

    async fn mark_unmarked(&self) {
        let left: Vec<String> = self.unmarked().iter().cloned().collect();
        for id in left {
            if self.store.mark_sent(&id, lambda::now()).await.is_err() {
                return;
            }
            self.unmarked().remove(&id);
        }
    }

    fn unmarked(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        // The set is consistent at any time, so a poisoned lock is harmless.
        self.unmarked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
