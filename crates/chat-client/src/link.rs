//! The socket as people see it, and how long to wait before the next.

use std::time::Duration;

use domain::Timestamp;

/// How a client stands to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// No socket is wanted: not yet, or no longer.
    #[default]
    Closed,
    /// There is none, and the next is to be opened at this time, or has been
    /// opening since.
    Opening(Timestamp),
    /// One is open and has said `hello`.
    Greeting {
        /// When it last did.
        since: Timestamp,
        /// When it says so again, after a refusal.
        again: Option<Timestamp>,
    },
    /// The service has answered; what was missed is here or on its way.
    Live,
}

const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// How long to wait before the `attempt`-th try, counted from 0. It doubles up
/// to half a minute; the half of it is left to chance, so that not everybody
/// comes back at once after a fault of the service. `chance` is from 0 to 1.
pub fn back_off(attempt: u32, chance: f64) -> Duration {
    let whole = (SHORTEST * (1 << attempt.min(10))).min(LONGEST);
    let half = whole / 2;
    half + half.mul_f64(chance.clamp(0.0, 1.0))
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
