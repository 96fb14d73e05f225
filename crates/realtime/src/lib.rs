//! What is heard: frames to those who hear a room, comings and goings, and
//! sockets that end with their session. It joins the registry of connections in
//! `store` with `@connections` in `push`, and removes from the first whatever the
//! second says is gone.

mod membership;
mod presence;

use connections::{Connections, Posted};
use domain::Timestamp;
use protocol::ServerFrame;
use store::connections::{SessionChoice, Subscriber};
use store::{Result, Store};

/// Delivers frames. Cheap to clone.
#[derive(Clone)]
pub struct Realtime {
    store: Store,
    connections: Connections,
}

impl Realtime {
    /// Realtime to the connections that `store` knows.
    pub fn new(store: Store, connections: Connections) -> Self {
        Self { store, connections }
    }

    /// A frame to one socket. Whether it got there shows in nothing: its client
    /// asks again for what it misses.
    pub async fn to_connection(&self, connection: &str, frame: &ServerFrame) -> Result<()> {
        if self.connections.post(connection, frame).await == Posted::Gone {
            self.store.forget_sockets(&[connection]).await?;
        }
        Ok(())
    }

    /// Sends a frame to all subscribers of a room except one socket.
    pub async fn to_room(
        &self,
        room: &str,
        frame: &ServerFrame,
        except: &str,
        now: Timestamp,
    ) -> Result<()> {
        let subscribers = self.store.subscribers(&[room.to_owned()]).await?;
        self.to_subscribers(subscribers, frame, except, now).await
    }

    /// A frame to these sockets, but one.
    pub async fn to_subscribers(
        &self,
        mut subscribers: Vec<Subscriber>,
        frame: &ServerFrame,
        except: &str,
        now: Timestamp,
    ) -> Result<()> {
        subscribers.retain(|subscriber| subscriber.id != except);
        let connections = subscribers.iter().map(|one| one.id.clone()).collect();
        let gone = self.connections.fan_out(connections, frame).await;
        subscribers.retain(|subscriber| gone.contains(&subscriber.id));
        self.forget(subscribers, now).await
    }

    /// A frame to every socket of a user that said `hello`.
    pub async fn to_user(&self, user: &str, frame: &ServerFrame, now: Timestamp) -> Result<()> {
        let subscribers = self.store.connections_of(user).await?;
        self.to_subscribers(subscribers, frame, "", now).await
    }

    /// Tells a socket whose session has ended so, and closes it.
    pub async fn reject(&self, connection: &str, problem: &ServerFrame) -> Result<()> {
        self.connections.post(connection, problem).await;
        self.store.forget_sockets(&[connection]).await?;
        self.connections.close(&[connection.to_owned()]).await;
        Ok(())
    }

    /// Ends the sockets of sessions that have ended: out of the registry first,
    /// so that not even a frame under way is heard, then closed.
    pub async fn sign_out(
        &self,
        user: &str,
        session: SessionChoice<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let connections = self.store.sign_out_sockets(user, session).await?;
        self.connections.close(&connections).await;
        if connections.is_empty() {
            return Ok(());
        }
        self.tell_absent(&[user.to_owned()], now).await
    }
}
