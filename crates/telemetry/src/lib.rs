//! The current invocation: its ids and its metrics.
//!
//! A Lambda process runs one invocation at a time, so the invocation is a global
//! of the process and is not passed through every call. `lambda` begins an
//! invocation and, at its end, writes the metrics into its log line; every other
//! crate only counts.

mod metric;
mod trace;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use metric::{Metric, Unit, count, counted};
pub use trace::Trace;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    pub request_id: String,
    /// The X-Ray trace, where Lambda reports one.
    pub trace: Option<Trace>,
}

static CURRENT: Mutex<Option<Arc<Invocation>>> = Mutex::new(None);

/// Begins an invocation and resets the metrics.
pub fn begin(invocation: Invocation) {
    *lock() = Some(Arc::new(invocation));
    // Whatever was counted between two invocations belongs to neither.
    counted();
}

/// The current invocation; `None` during init.
pub fn current() -> Option<Arc<Invocation>> {
    lock().clone()
}

fn lock() -> MutexGuard<'static, Option<Arc<Invocation>>> {
    // The value is replaced as a whole, so a poisoned lock is harmless.
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    // One test, because the state is global.
    #[test]
    fn an_invocation_begins_with_empty_metrics_and_lasts_until_the_next() {
        assert_eq!(current(), None);
        count(Metric::Deliveries, 5);
        let invocation = |id: &str| Invocation {
            request_id: id.to_owned(),
            trace: None,
        };
        begin(invocation("first"));
        assert_eq!(counted(), []);
        count(Metric::Deliveries, 2);
        count(Metric::MessagesStored, 1);
        count(Metric::Deliveries, 3);
        count(Metric::SocketsGone, 0);
        assert_eq!(
            counted(),
            [(Metric::MessagesStored, 1), (Metric::Deliveries, 5)]
        );
        assert_eq!(counted(), []);
        begin(invocation("second"));
        let known = current().map(|invocation| invocation.request_id.clone());
        assert_eq!(known.as_deref(), Some("second"));
    }
}
