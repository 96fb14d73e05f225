//! What is heard: frames to those who hear a room, comings and goings, and
//! sockets that end with their session. It joins the registry of connections in
//! `store` with `@connections` in `push`, and removes from the first whatever the
//! second says is gone.

mod membership;
mod presence;

use domain::Millis;
use push::{Posted, Push};
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

    /// A frame to one socket. Whether it got there shows in nothing: its client
    /// asks again for what it misses.
    pub async fn to_connection(&self, connection: &str, frame: &ServerFrame) -> Result<()> {
        if self.push.post(connection, frame).await == Posted::Gone {
            self.store.forget_sockets(&[connection]).await?;
        }
        Ok(())
    }

    /// A frame to everyone who hears a room, but one socket.
    pub async fn to_room(
        &self,
        room: &str,
        frame: &ServerFrame,
        except: &str,
        now: Millis,
    ) -> Result<()> {
        let listeners = self.store.listeners(&[room.to_owned()]).await?;
        self.to_listeners(listeners, frame, except, now).await
    }

    /// A frame to these sockets, but one.
    pub async fn to_listeners(
        &self,
        mut listeners: Vec<Listener>,
        frame: &ServerFrame,
        except: &str,
        now: Millis,
    ) -> Result<()> {
        listeners.retain(|listener| listener.id != except);
        let connections = listeners.iter().map(|one| one.id.clone()).collect();
        let gone = self.push.fan_out(connections, frame).await;
        listeners.retain(|listener| gone.contains(&listener.id));
        self.forget(listeners, now).await
    }

    /// A frame to every socket of a user that said `hello`.
    pub async fn to_user(&self, user: &str, frame: &ServerFrame, now: Millis) -> Result<()> {
        let listeners = self.store.connections_of(user).await?;
        self.to_listeners(listeners, frame, "", now).await
    }

    /// Tells a socket whose session has ended so, and closes it.
    pub async fn turn_away(&self, connection: &str, problem: &ServerFrame) -> Result<()> {
        self.push.post(connection, problem).await;
        self.store.forget_sockets(&[connection]).await?;
        self.push.close(&[connection.to_owned()]).await;
        Ok(())
    }

    /// Ends the sockets of sessions that have ended: out of the registry first,
    /// so that not even a frame under way is heard, then closed.
    pub async fn sign_out(
        &self,
        user: &str,
        session: SessionChoice<'_>,
        now: Millis,
    ) -> Result<()> {
        let connections = self.store.sign_out_sockets(user, session).await?;
        self.push.close(&connections).await;
        if connections.is_empty() {
            return Ok(());
        }
        self.tell_absent(&[user.to_owned()], now).await
    }
}
