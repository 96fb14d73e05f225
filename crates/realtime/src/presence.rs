//! Notifying the rooms of a person that they are online or offline.

use domain::Timestamp;
use domain::limits::{PRESENCE_LEASE, PRESENCE_MEMBERS, PRESENCE_POSTS};
use protocol::{ServerFrame, User};
use store::Result;

use crate::Realtime;

impl Realtime {
    /// Notifies the rooms of `user` that they are online, except for one socket.
    pub async fn went_online(&self, user: &User, connection: &str, now: Timestamp) -> Result<()> {
        let gone = self.announce(user, true, connection, now).await?;
        self.mark_gone(gone, now).await
    }

    /// Notifies the rooms of these people that they are offline.
    pub async fn went_offline(&self, users: Vec<User>, now: Timestamp) -> Result<()> {
        let mut gone = Vec::new();
        for user in users {
            gone.append(&mut self.announce(&user, false, "", now).await?);
        }
        self.mark_gone(gone, now).await
    }

    /// Ends the leases of sockets that are gone, and notifies the rooms of people who
    /// have no other that they are offline: `$disconnect` will find nothing to
    /// tell. The posts may find more sockets gone.
    pub(crate) async fn mark_gone(&self, gone: Vec<String>, now: Timestamp) -> Result<()> {
        let mut gone = gone;
        while !gone.is_empty() {
            let ids: Vec<&str> = gone.iter().map(String::as_str).collect();
            let mut found = Vec::new();
            for user in self.store.mark_gone(&ids, now).await? {
                found.append(&mut self.announce(&user, false, "", now).await?);
            }
            gone = found;
        }
        Ok(())
    }

    /// Asks API Gateway for these sockets and takes those that are gone out of the
    /// registry. A network that fails takes several sockets of a person at once,
    /// and their `$disconnect`s may be lost.
    pub async fn probe(&self, connections: Vec<String>, now: Timestamp) -> Result<usize> {
        let gone = self.connections.probe(connections).await;
        let found = gone.len();
        self.mark_gone(gone, now).await?;
        Ok(found)
    }

    /// Notifies the rooms of `user`, and returns the sockets that are gone. A change
    /// that came later may have been posted before this one, so presence is looked up
    /// again: the last frame that is posted says what is true.
    async fn announce(
        &self,
        user: &User,
        online: bool,
        except: &str,
        now: Timestamp,
    ) -> Result<Vec<String>> {
        let mut gone = self.post_presence(user, online, except, now).await?;
        let users = std::slice::from_ref(&user.id);
        let is_online = !self.store.present_of(users, now).await?.is_empty();
        if is_online != online && self.store.charge_presence(&user.id, now).await? {
            let mut more = self.post_presence(user, is_online, "", now).await?;
            gone.append(&mut more);
        }
        Ok(gone)
    }

    /// Posts `presence` to the small rooms of `user`, the smallest first, and returns
    /// the sockets that are gone.
    async fn post_presence(
        &self,
        user: &User,
        online: bool,
        except: &str,
        now: Timestamp,
    ) -> Result<Vec<String>> {
        let until = match online {
            true => now + PRESENCE_LEASE,
            false => now,
        };
        let sizes = self.store.room_sizes(&user.id, PRESENCE_MEMBERS).await?;
        let rooms: Vec<String> = sizes.into_iter().map(|(room, _)| room).collect();
        if rooms.is_empty() {
            return Ok(Vec::new());
        }
        let subscribers = self.store.subscribers(&rooms).await?;
        let mut posts = Vec::new();
        for room in rooms {
            let frame = ServerFrame::Presence {
                room: room.clone(),
                user: user.clone(),
                online,
                until,
            };
            for subscriber in &subscribers {
                if subscriber.id != except && subscriber.rooms.contains(&room) {
                    posts.push((subscriber.id.clone(), frame.clone()));
                }
            }
            if posts.len() >= PRESENCE_POSTS {
                posts.truncate(PRESENCE_POSTS);
                break;
            }
        }
        Ok(self.connections.post_all(posts).await)
    }
}
