//! What became of a batch, in one line of the log.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::job::Fate;

/// Counts of a batch. Alarms watch `parked` and `failed`.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Messages in the batch.
    pub(crate) jobs: usize,
    /// Mailed before, or twice in this batch.
    pub(crate) skipped: usize,
    /// Neither mailed nor put aside: the batch comes again for them.
    pub(crate) failed: usize,
    sent: usize,
    nothing: usize,
    expired: usize,
    retried: usize,
    suppressed: usize,
    parked: usize,
    /// Why jobs were put aside, and how many.
    reasons: BTreeMap<String, usize>,
}

impl Tally {
    /// Counts one more.
    pub(crate) fn count(&mut self, fate: Fate) {
        let (count, reason) = match fate {
            Fate::Sent => (&mut self.sent, None),
            Fate::Nothing => (&mut self.nothing, None),
            Fate::Expired => (&mut self.expired, None),
            Fate::Retried(reason) => (&mut self.retried, Some(reason)),
            Fate::Suppressed => (&mut self.suppressed, None),
            Fate::Parked(reason) => (&mut self.parked, Some(reason)),
        };
        *count += 1;
        if let Some(reason) = reason {
            *self.reasons.entry(reason).or_default() += 1;
        }
    }

    /// Writes the line.
    pub(crate) fn log(&self, took: Duration) {
        let reasons = (!self.reasons.is_empty()).then(|| format!("{:?}", self.reasons));
        tracing::info!(
            jobs = self.jobs,
            sent = self.sent,
            skipped = self.skipped,
            nothing = self.nothing,
            expired = self.expired,
            retried = self.retried,
            suppressed = self.suppressed,
            parked = self.parked,
            failed = self.failed,
            reasons,
            milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "batch mailed"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fate_is_counted_once_and_reasons_are_gathered() {
        let mut tally = Tally::default();
        let slow = || Fate::Retried("slow".to_owned());
        for fate in [Fate::Sent, Fate::Nothing, Fate::Expired, slow(), slow()] {
            tally.count(fate);
        }
        tally.count(Fate::Parked("550".to_owned()));
        let counts = [
            tally.sent,
            tally.nothing,
            tally.expired,
            tally.retried,
            tally.parked,
        ];
        assert_eq!(counts, [1, 1, 1, 2, 1]);
        assert_eq!(tally.reasons["slow"], 2);
    }
}
