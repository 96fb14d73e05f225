//! The rounds in which a row is appended to a log of a room. Each round reads the newest
//! number and inserts the next one, which fails if another row took it meanwhile.

use std::time::{Duration, Instant};

use mongodb::options::ReadConcern;
use tokio::time::sleep;

use crate::error::{Error, Result, is_interrupted};

/// How often the next number is tried for. Each round one author gets it, so this
/// many authors at once succeed.
pub(crate) const ROUNDS: u32 = 200;
/// The first wait for a write that a majority does not have yet. It doubles.
const FIRST_WAIT: Duration = Duration::from_millis(5);
const LONGEST_WAIT: Duration = Duration::from_millis(80);
/// How often an insert is repeated after a lost connection or a step-down. The
/// driver does not retry an aggregate that writes.
const RETRIES: u32 = 2;
/// The longest wait before such a retry; the shortest is half of it.
const RETRY_WAIT: Duration = Duration::from_millis(100);
/// A retry begins within this time of the first try. With the wait for a primary
/// and for a majority it ends well before the caller's time limit.
const RETRY_WINDOW: Duration = Duration::from_secs(6);

/// The waits between the rounds of one append.
pub(crate) struct Rounds {
    started: Instant,
    retries: u32,
    newest: Option<i64>,
    wait: Duration,
}

impl Rounds {
    pub(crate) fn begin() -> Self {
        Self {
            started: Instant::now(),
            retries: 0,
            newest: None,
            wait: FIRST_WAIT,
        }
    }

    /// The concern for reading what was inserted. An earlier try may have inserted it,
    /// and its author left since.
    pub(crate) fn concern(&self) -> ReadConcern {
        match self.retries {
            0 => ReadConcern::local(),
            _ => ReadConcern::majority(),
        }
    }

    /// Waits before an insert that may have been interrupted is repeated under the
    /// same `_id`.
    ///
    /// # Errors
    /// With `error` if it is another one, or if there is no time left.
    pub(crate) async fn retry(&mut self, error: mongodb::error::Error) -> Result<()> {
        let wait = RETRY_WAIT.mul_f64(0.5 + fastrand::f64() / 2.0);
        let is_in_time = self.started.elapsed() + wait <= RETRY_WINDOW;
        if !is_interrupted(&error) || self.retries == RETRIES || !is_in_time {
            return Err(error.into());
        }
        self.retries += 1;
        tracing::info!(error = %Error::from(error), "retrying an interrupted insert");
        sleep(wait).await;
        Ok(())
    }

    /// Waits if `newest` is the number of the round before: the row that took the next
    /// one is being replicated, or is being rolled back.
    pub(crate) async fn taken(&mut self, newest: i64) {
        if self.newest.replace(newest) == Some(newest) {
            sleep(self.wait).await;
            self.wait = (2 * self.wait).min(LONGEST_WAIT);
        }
    }
}
