//! Latencies.

use std::fmt;
use std::time::Duration;

#[derive(Debug, Default)]
pub(super) struct Latency(Vec<u32>);

impl Latency {
    /// A quantile; zero if there are no samples.
    pub(super) fn at(&self, part: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1) as f64;
        let millis = sorted.get((last * part) as usize).copied().unwrap_or(0);
        Duration::from_millis(millis.into())
    }

    pub(super) fn add(&mut self, durations: &[u32]) {
        self.0.extend_from_slice(durations);
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "none");
        }
        let [half, most, all] = [0.5, 0.99, 1.0].map(|part| self.at(part).as_millis());
        write!(f, "p50 {half} ms, p99 {most} ms, longest {all} ms")
    }
}
