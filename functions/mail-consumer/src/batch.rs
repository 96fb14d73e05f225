//! One batch: everything at once, each job for itself.

use std::collections::HashSet;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::Context;
use futures_util::{StreamExt, stream};
use lambda::queue::{Batch, Message};
use tokio::time::{Instant, sleep_until};

use crate::App;
use crate::tally::Tally;

/// Time kept for putting aside what there was no time to mail, and for a last
/// mark.
const KEPT_FOR_THE_END: Duration = Duration::from_secs(12);
/// How long a batch that fails takes at least. It comes again at once, and the
/// broker parks what comes too often: `queue::topology` counts on this pace, so
/// that a code is dead before it is parked for a database that was away.
const FAILING_TAKES: Duration = Duration::from_secs(6);
/// Jobs worked on at once. More than the mailer has on their way, so that those
/// who write their marks keep no other job from being mailed.
const AT_ONCE: usize = 2 * email::CONCURRENT;

/// Deals with every message, and says so in one line of the log.
pub(crate) async fn handle(app: &App, batch: Batch) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut tally = Tally::default();
    let handled = each(app, batch, &mut tally).await;
    tally.log(begun.elapsed());
    if handled.is_err() {
        sleep_until(begun + FAILING_TAKES).await;
    }
    handled
}

async fn each(app: &App, batch: Batch, tally: &mut Tally) -> anyhow::Result<()> {
    let deadline = deadline(&batch);
    tally.jobs = batch.messages.len();
    app.mark_what_was_left_unmarked().await;
    let (fresh, mailed) = app.sort(batch.messages).await?;
    tally.skipped = mailed;

    let mut fates = stream::iter(fresh)
        .map(|message| app.settle(message, deadline))
        .buffer_unordered(AT_ONCE);
    let mut fault = None;
    while let Some(fate) = fates.next().await {
        match fate {
            Ok(fate) => tally.count(fate),
            Err(error) => {
                tally.failed += 1;
                fault = Some(error);
            }
        }
    }
    match fault {
        None => Ok(()),
        Some(error) => Err(error).context("what could not be mailed could not be put aside"),
    }
}

/// Until when mails may be sent. A function that has hardly any time uses half.
fn deadline(batch: &Batch) -> Instant {
    let left = batch.time_left();
    Instant::now() + left.saturating_sub(KEPT_FOR_THE_END.min(left / 2))
}

impl App {
    /// The messages that were not mailed yet, each id once, and how many others
    /// there are.
    async fn sort(&self, messages: Vec<Message>) -> anyhow::Result<(Vec<Message>, usize)> {
        let count = messages.len();
        let ids: Vec<&str> = messages.iter().map(|message| &message.id[..]).collect();
        let mut known = self
            .store
            .already_sent(&ids)
            .await
            .context("it is not known what was mailed already")?;
        known.extend(self.unmarked().iter().cloned());
        let fresh: Vec<Message> = messages
            .into_iter()
            .filter(|message| known.insert(message.id.clone()))
            .collect();
        let mailed = count - fresh.len();
        Ok((fresh, mailed))
    }

    /// Marks a job as mailed. It counts as mailed even if that fails, since it
    /// was; only a second delivery could tell the difference.
    pub(crate) async fn mark(&self, id: &str) {
        if let Err(error) = self.store.mark_sent(id, lambda::now()).await {
            tracing::warn!(%error, "a mailed job could not be marked; trying again with the next batch");
            self.unmarked().insert(id.to_owned());
        }
    }

    async fn mark_what_was_left_unmarked(&self) {
        let left: Vec<String> = self.unmarked().iter().cloned().collect();
        for id in left {
            if self.store.mark_sent(&id, lambda::now()).await.is_err() {
                return;
            }
            self.unmarked().remove(&id);
        }
    }

    fn unmarked(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        // A set of ids is whole at any time.
        self.unmarked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
