//! The socket as people see it, and how long to wait before the next.

use domain::Millis;
use domain::time::SECOND;

/// How a client stands to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// No socket is wanted: not yet, or no longer.
    #[default]
    Closed,
    /// There is none, and the next is to be opened at this time, or has been
    /// opening since.
    Opening(Millis),
    /// One is open and has said `hello`.
    Greeting {
        /// When it last did.
        since: Millis,
        /// When it says so again, after a refusal.
        again: Option<Millis>,
    },
    /// The service has answered; what was missed is here or on its way.
    Live,
}

const SHORTEST: Millis = SECOND / 2;
const LONGEST: Millis = 30 * SECOND;

/// How long to wait before the `attempt`-th try, counted from 0. It doubles up
/// to half a minute; the half of it is left to chance, so that not everybody
/// comes back at once after a fault of the service. `chance` is from 0 to 1.
pub fn back_off(attempt: u32, chance: f64) -> Millis {
    let whole = (SHORTEST << attempt.min(10)).min(LONGEST);
    let half = whole / 2;
    half + (half as f64 * chance.clamp(0.0, 1.0)) as Millis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_under_half_a_minute() {
        assert_eq!(back_off(0, 0.0), 250);
        assert_eq!(back_off(0, 1.0), 500);
        assert_eq!(back_off(3, 1.0), 4_000);
        assert_eq!(back_off(6, 1.0), 30_000);
        assert_eq!(back_off(u32::MAX, 1.0), 30_000);
        assert!(back_off(u32::MAX, 0.0) >= 15_000);
    }
}
