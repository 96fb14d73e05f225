//! A stop signal for the tasks of a run.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Signals the end of sending; dropping it does, too.
pub(super) struct Stop(watch::Sender<bool>);

#[derive(Clone)]
pub(super) struct StopSignal(watch::Receiver<bool>);

pub(super) fn pair() -> (Stop, StopSignal) {
    let (sender, receiver) = watch::channel(false);
    (Stop(sender), StopSignal(receiver))
}

impl Stop {
    pub(super) fn signal(self) {
        self.0.send_replace(true);
    }
}

impl StopSignal {
    /// Waits for `time` or the signal; whether it was the signal.
    pub(super) async fn within(&mut self, time: Duration) -> bool {
        // An error means that the sender was dropped.
        timeout(time, self.0.wait_for(|stopped| *stopped))
            .await
            .is_ok()
    }

    /// Waits for a future; `None` if the signal comes first.
    pub(super) async fn before<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            _ = self.0.wait_for(|stopped| *stopped) => None,
            value = future => Some(value),
        }
    }
}
