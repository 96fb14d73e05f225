//! The current invocation: its ids, and its metrics so far.
//!
//! A Lambda process runs one invocation at a time, so this is a global value
//! that is not passed as an argument. `lambda` begins an invocation and writes
//! the metrics to its log line at the end; the other crates only count.

mod metric;
mod trace;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use metric::{Metric, Unit, count, counted};
pub use trace::Trace;

/// The invocation under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Lambda's id for it.
    pub request_id: String,
    /// The trace that it belongs to, if Lambda says so.
    pub trace: Option<Trace>,
}

static CURRENT: Mutex<Option<Arc<Invocation>>> = Mutex::new(None);

/// From now on this one is under way, and nothing is counted yet.
pub fn begin(invocation: Invocation) {
    *lock() = Some(Arc::new(invocation));
    // Metrics between invocations belong to neither.
    counted();
}

/// The one under way; none during init.
pub fn current() -> Option<Arc<Invocation>> {
    lock().clone()
}

fn lock() -> MutexGuard<'static, Option<Arc<Invocation>>> {
    // What the lock guards is whole at any time.
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    // One test, because what it is about is the process's own.
    #[test]
    fn an_invocation_begins_with_nothing_counted_and_is_known_until_the_next() {
        assert_eq!(current(), None);
        count(Metric::Deliveries, 5);
        let invocation = |id: &str| Invocation {
            request_id: id.to_owned(),
            trace: None,
        };
        begin(invocation("first"));
        assert_eq!(counted(), []);
        count(Metric::Deliveries, 2);
        count(Metric::MessagesKept, 1);
        count(Metric::Deliveries, 3);
        count(Metric::SocketsGone, 0);
        assert_eq!(
            counted(),
            [(Metric::MessagesKept, 1), (Metric::Deliveries, 5)]
        );
        assert_eq!(counted(), []);
        begin(invocation("second"));
        let known = current().map(|invocation| invocation.request_id.clone());
        assert_eq!(known.as_deref(), Some("second"));
    }
}
