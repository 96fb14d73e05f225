//! The state of the connection, and its backoff.

use std::time::Duration;

use domain::Timestamp;

/// The state of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// Not connected, and not going to be.
    #[default]
    Closed,
    /// The next socket is to be opened at this time, or has been opening since.
    Opening(Timestamp),
    /// A socket is open and `hello` was sent.
    Greeting {
        /// When it was sent last.
        since: Timestamp,
        /// When it is sent again, after it was rejected.
        again: Option<Timestamp>,
    },
    /// The service has sent `welcome`.
    Live,
}

const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// The wait before the attempt number `attempt`, counted from 0. It doubles up to
/// 30 s. Half of it is multiplied by `jitter`, a random number from 0 to 1, so that
/// clients do not reconnect all at once.
pub fn back_off(attempt: u32, jitter: f64) -> Duration {
    let whole = (SHORTEST * (1 << attempt.min(10))).min(LONGEST);
    let half = whole / 2;
    half + half.mul_f64(jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_under_half_a_minute() {
        assert_eq!(back_off(0, 0.0), Duration::from_millis(250));
        assert_eq!(back_off(0, 1.0), Duration::from_millis(500));
        assert_eq!(back_off(3, 1.0), Duration::from_millis(4_000));
        assert_eq!(back_off(6, 1.0), Duration::from_millis(30_000));
        assert_eq!(back_off(u32::MAX, 1.0), Duration::from_millis(30_000));
        assert!(back_off(u32::MAX, 0.0) >= Duration::from_secs(15));
    }
}
