//! The connections that exist now.

use std::collections::HashMap;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::watch;

use super::connection::Connection;

/// Every connection by its id. The lock is never held over an `await`.
#[derive(Default)]
pub struct Registry {
    state: RwLock<State>,
    /// Connections whose task has not ended, `$disconnect` included.
    unfinished: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    connections: HashMap<String, Arc<Connection>>,
    closed: bool,
}

impl Registry {
    /// Adds a connection. Returns false once the registry is closed.
    pub fn insert(&self, connection: Arc<Connection>) -> bool {
        let mut state = self.write();
        if state.closed {
            return false;
        }
        self.unfinished.send_modify(|count| *count += 1);
        state
            .connections
            .insert(connection.id().to_owned(), connection);
        true
    }

    /// The connection with this id.
    pub fn get(&self, id: &str) -> Option<Arc<Connection>> {
        self.read().connections.get(id).cloned()
    }

    /// Removes a connection: from now on it is `Gone` to every caller.
    pub fn remove(&self, id: &str) -> Option<Arc<Connection>> {
        self.write().connections.remove(id)
    }

    /// Reports that the task of a connection has ended.
    pub fn finished(&self) {
        self.unfinished.send_modify(|count| *count -= 1);
    }

    /// How many connections exist.
    pub fn len(&self) -> usize {
        self.read().connections.len()
    }

    /// Takes no connection any more, and gives those that there were.
    pub fn close(&self) -> Vec<Arc<Connection>> {
        let mut state = self.write();
        state.closed = true;
        state
            .connections
            .drain()
            .map(|(_, connection)| connection)
            .collect()
    }

    /// Waits until the tasks of all connections have ended.
    pub async fn empty(&self) {
        self.unfinished
            .subscribe()
            .wait_for(|count| *count == 0)
            .await
            .expect("the sender lives as long as the registry");
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state
            .read()
            .expect("nothing panics while it holds the registry")
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state
            .write()
            .expect("nothing panics while it holds the registry")
    }
}
