//! Commands whose replies are held until a test releases them.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// A hold on the next command of one kind on one collection, made with
/// [`Server::hold`](crate::Server::hold). The command is executed, and its reply is
/// held until this value is dropped.
#[derive(Debug)]
pub struct Hold {
    reached: Option<oneshot::Receiver<()>>,
    _release: oneshot::Sender<()>,
}

impl Hold {
    /// Waits until a command was executed whose reply is now held.
    ///
    /// # Panics
    /// Panics if the server stops before that.
    pub async fn reached(&mut self) {
        if let Some(reached) = self.reached.take() {
            reached.await.expect("the server stopped");
        }
    }

    /// Sends the reply, as dropping the value does.
    pub fn release(self) {}
}

/// The holds that no command has met yet.
#[derive(Debug, Default)]
pub(crate) struct Holds(Mutex<Vec<Waiting>>);

#[derive(Debug)]
struct Waiting {
    command: String,
    namespace: String,
    reached: oneshot::Sender<()>,
    release: oneshot::Receiver<()>,
}

impl Holds {
    pub fn add(&self, command: &str, namespace: &str) -> Hold {
        let (reached, on_reached) = oneshot::channel();
        let (on_release, release) = oneshot::channel();
        self.lock().push(Waiting {
            command: command.to_owned(),
            namespace: namespace.to_owned(),
            reached,
            release,
        });
        Hold {
            reached: Some(on_reached),
            _release: on_release,
        }
    }

    /// Waits for the release of a command that was executed, if it is held.
    pub async fn wait(&self, command: &str, namespace: impl FnOnce() -> String) {
        let Some(waiting) = self.take(command, namespace) else {
            return;
        };
        // Both fail only if the hold was dropped.
        let _ = waiting.reached.send(());
        let _ = waiting.release.await;
    }

    fn take(&self, command: &str, namespace: impl FnOnce() -> String) -> Option<Waiting> {
        let mut holds = self.lock();
        if holds.is_empty() {
            return None;
        }
        holds.retain(|one| !one.reached.is_closed());
        let namespace = namespace();
        let met = holds
            .iter()
            .position(|one| one.command == command && one.namespace == namespace)?;
        Some(holds.remove(met))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
