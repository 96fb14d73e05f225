//! What is heard: frames to those who hear a room, comings and goings, and
//! sockets that end with their session. It joins the registry of connections in
//! `store` with `@connections` in `push`, and removes from the first whatever the
//! second says is gone.

mod membership;
mod presence;

use domain::Millis;
use push::Push;
use store::connections::{Listener, SessionChoice};
use store::{Result, Store};
use wire::ServerFrame;

/// Delivers frames. Cheap to clone.
#[derive(Clone)]
pub struct Delivery {
    store: Store,
    push: Push,
}

impl Delivery {
    /// Delivery to the connections that `store` knows.
    pub fn new(store: Store, push: Push) -> Self {
        Self { store, push }
    }

    /// A frame to one socket, before anything else.
    pub async fn to_connection(&self, connection: &str, frame: &ServerFrame) -> Result<()> {
        match self.push.post(connection, frame).await {
            push::Posted::Gone => {
                self.store
                    .remove_connections(&[connection.to_owned()])
                    .await
            }
            push::Posted::Delivered | push::Posted::Failed => Ok(()),
        }
    }

    /// A frame to everyone who hears a room, but one socket.
    pub async fn to_room(&self, room: &str, frame: &ServerFrame, except: &str) -> Result<()> {
        let listeners = self.store.listeners(&[room.to_owned()]).await?;
        self.to_listeners(listeners, frame, except).await
    }

    /// A frame to these sockets, but one.
    pub async fn to_listeners(
        &self,
        listeners: Vec<Listener>,
        frame: &ServerFrame,
        except: &str,
    ) -> Result<()> {
        let connections = listeners
            .into_iter()
            .map(|listener| listener.id)
            .filter(|id| id != except)
            .collect();
        let gone = self.push.fan_out(connections, frame).await;
        self.store.remove_connections(&gone).await
    }

    /// A frame to every socket of a user.
    pub async fn to_user(&self, user: &str, frame: &ServerFrame) -> Result<()> {
        let listeners = self.store.connections_of(user).await?;
        self.to_listeners(listeners, frame, "").await
    }

    /// Ends the sockets of sessions that have ended: out of the registry first,
    /// so that not even a frame under way is heard, then closed.
    pub async fn sign_out(
        &self,
        user: &str,
        session: SessionChoice<'_>,
        now: Millis,
    ) -> Result<()> {
        let connections = self.store.sign_out_connections(user, session).await?;
        self.push.close(&connections).await;
        if !connections.is_empty() {
            self.went(user, now).await?;
        }
        Ok(())
    }
}
