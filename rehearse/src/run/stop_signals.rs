//! Signals that stop the runner.

use std::io::Read;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// The stop signals, registered once at the start so that none is missed.
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    input_end: mpsc::Receiver<()>,
}

impl StopSignals {
    /// Listens for signals and, with `input`, for the end of standard input.
    ///
    /// # Errors
    /// If the system does not let it.
    pub fn listen(input: bool) -> std::io::Result<Self> {
        let (ended, input_end) = mpsc::channel(1);
        if input {
            // A thread of its own: a read that never ends would hold up the
            // runtime's end.
            std::thread::spawn(move || {
                let mut byte = [0];
                while matches!(std::io::stdin().read(&mut byte), Ok(1)) {}
                let _ = ended.blocking_send(());
            });
        }
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            input_end,
        })
    }

    /// Waits for a stop signal.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
            Some(()) = self.input_end.recv() => {}
        }
    }
}
