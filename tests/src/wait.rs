//! Waiting for a condition, with a limit, and never for a mere length of time.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chat_client::Timestamp;

/// How long anything may take that normally takes well under a second.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Looks until there is something to see.
///
/// # Panics
/// When there is nothing after `limit`.
pub async fn eventually<T, F>(what: &str, limit: Duration, look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    match within(limit, look).await {
        Some(seen) => seen,
        None => panic!("waited {} s for {what}", limit.as_secs()),
    }
}

/// Looks until there is something to see, or `limit` is over.
pub async fn within<T, F>(limit: Duration, mut look: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let mut glances = tokio::time::interval(Duration::from_millis(50));
    let looking = async {
        loop {
            glances.tick().await;
            if let Some(seen) = look().await {
                return seen;
            }
        }
    };
    tokio::time::timeout(limit, looking).await.ok()
}

/// Returns at a time that the service itself has named.
pub async fn for_the_time(at: Timestamp) {
    let left = at.saturating_since(now());
    // A promise that is never kept ends exactly at the deadline.
    let _ = tokio::time::timeout(left, std::future::pending::<()>()).await;
}

/// The time by the system's clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970");
    Timestamp::EPOCH + since
}
