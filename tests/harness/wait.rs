//! Waiting for a condition, with a time limit.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chat_client::Timestamp;

/// The limit for anything that normally takes well under a second.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// Polls until `look` returns a value; panics after `limit`.
pub async fn eventually<T, F>(what: &str, limit: Duration, look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    match within(limit, look).await {
        Some(value) => value,
        None => panic!("waited {} s for {what}", limit.as_secs()),
    }
}

/// Polls until `look` returns a value, or `limit` is over.
pub async fn within<T, F>(limit: Duration, mut look: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let looking = async {
        loop {
            ticks.tick().await;
            if let Some(value) = look().await {
                return value;
            }
        }
    };
    tokio::time::timeout(limit, looking).await.ok()
}

/// Waits until a time that the service has named.
pub async fn until_time(at: Timestamp) {
    let left = at.saturating_since(now());
    // A future that never completes times out exactly at the deadline.
    let _ = tokio::time::timeout(left, std::future::pending::<()>()).await;
}

pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970");
    Timestamp::EPOCH + since
}
