//! Real-time delivery: fan-out, memberships, presence and closing sockets. It
//! joins the registry in `store` with `@connections`, and takes out of the first
//! what the second calls gone.

mod membership;
mod presence;

use connections::{Connections, Posted};
use domain::Timestamp;
use protocol::{ChangeKind, ServerFrame, User};
use store::connections::{SessionChoice, Subscriber};
use store::{Result, Store};

/// Delivers frames. Cheap to clone.
#[derive(Clone)]
pub struct Realtime {
    store: Store,
    connections: Connections,
}

impl Realtime {
    pub fn new(store: Store, connections: Connections) -> Self {
        Self { store, connections }
    }

    /// Posts a frame to one socket. If it does not arrive, its client asks for
    /// what it missed.
    pub async fn to_connection(
        &self,
        connection: &str,
        frame: &ServerFrame,
        now: Timestamp,
    ) -> Result<()> {
        if self.connections.post(connection, frame).await == Posted::Gone {
            self.mark_gone(vec![connection.to_owned()], now).await?;
        }
        Ok(())
    }

    /// Posts a frame to the subscribers of a room except one.
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

    /// Posts a frame to these sockets except one.
    pub async fn to_subscribers(
        &self,
        subscribers: Vec<Subscriber>,
        frame: &ServerFrame,
        except: &str,
        now: Timestamp,
    ) -> Result<()> {
        let ids = subscribers.into_iter().map(|subscriber| subscriber.id);
        let connections = ids.filter(|id| id != except).collect();
        let gone = self.connections.fan_out(connections, frame).await;
        self.mark_gone(gone, now).await
    }

    /// Stores a change of a room itself and delivers it. A client that misses it
    /// asks with the next `ping`.
    pub async fn change_room(
        &self,
        room: &str,
        by: &User,
        kind: ChangeKind,
        now: Timestamp,
    ) -> Result<()> {
        let (change, subscribers) = self.store.append_room_change(room, by, &kind, now).await?;
        let frame = ServerFrame::Change(change);
        self.to_subscribers(subscribers, &frame, "", now).await
    }

    /// Posts a frame to every socket of a user that said `hello`, except one.
    pub async fn to_user(
        &self,
        user: &str,
        frame: &ServerFrame,
        except: &str,
        now: Timestamp,
    ) -> Result<()> {
        let subscribers = self.store.connections_of(user).await?;
        self.to_subscribers(subscribers, frame, except, now).await
    }

    /// Notifies a socket that its session has ended, and closes it.
    pub async fn reject(
        &self,
        connection: &str,
        problem: &ServerFrame,
        now: Timestamp,
    ) -> Result<()> {
        self.connections.post(connection, problem).await;
        let offline = self.store.forget_socket(connection, now).await?;
        self.connections.close(&[connection.to_owned()]).await;
        self.went_offline(offline.into_iter().collect(), now).await
    }

    /// Ends the sockets of sessions that have ended. They leave the registry
    /// first, so that no frame under way is handled, and are closed then.
    pub async fn sign_out(
        &self,
        user: &str,
        session: SessionChoice<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let (connections, offline) = self.store.sign_out_sockets(user, session, now).await?;
        self.connections.close(&connections).await;
        self.went_offline(offline.into_iter().collect(), now).await
    }
}
