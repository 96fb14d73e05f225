//! When it is over.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Tells everybody that it is over; dropping it does, too.
pub(super) struct End(watch::Sender<bool>);

/// Hears when it is over.
#[derive(Clone)]
pub(super) struct Over(watch::Receiver<bool>);

pub(super) fn pair() -> (End, Over) {
    let (end, over) = watch::channel(false);
    (End(end), Over(over))
}

impl End {
    pub(super) fn tell(self) {
        self.0.send_replace(true);
    }
}

impl Over {
    /// Waits for so long; whether it is over meanwhile, which ends the wait.
    pub(super) async fn within(&mut self, time: Duration) -> bool {
        // An error means that nobody is left to end it.
        timeout(time, self.0.wait_for(|over| *over)).await.is_ok()
    }

    /// Waits for something; nothing, if it is over before.
    pub(super) async fn before<T>(&mut self, happens: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            _ = self.0.wait_for(|over| *over) => None,
            value = happens => Some(value),
        }
    }
}
