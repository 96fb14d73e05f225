//! The log line of a batch.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::job::Disposition;

/// Counts of a batch. Alarms watch `parked` and `failed`.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) jobs: usize,
    /// Sent before, or duplicates within the batch.
    pub(crate) skipped: usize,
    /// Neither sent, retried nor parked: the batch is redelivered for them.
    pub(crate) failed: usize,
    sent: usize,
    nothing: usize,
    expired: usize,
    retried: usize,
    suppressed: usize,
    parked: usize,
    /// Reasons of retried and parked jobs, with counts.
    reasons: BTreeMap<String, usize>,
}

impl Tally {
    pub(crate) fn count(&mut self, disposition: Disposition) {
        let (count, reason) = match disposition {
            Disposition::Sent => (&mut self.sent, None),
            Disposition::Nothing => (&mut self.nothing, None),
            Disposition::Expired => (&mut self.expired, None),
            Disposition::Retried(reason) => (&mut self.retried, Some(reason)),
            Disposition::Suppressed => (&mut self.suppressed, None),
            Disposition::Parked(reason) => (&mut self.parked, Some(reason)),
        };
        *count += 1;
        if let Some(reason) = reason {
            *self.reasons.entry(reason).or_default() += 1;
        }
    }

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
    fn each_disposition_is_counted_once_with_its_reason() {
        let mut tally = Tally::default();
        let slow = || Disposition::Retried("slow".to_owned());
        for disposition in [
            Disposition::Sent,
            Disposition::Nothing,
            Disposition::Expired,
            slow(),
            slow(),
        ] {
            tally.count(disposition);
        }
        tally.count(Disposition::Parked("550".to_owned()));
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
