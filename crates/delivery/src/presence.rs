//! Who is present: told to the rooms of at most 100 members that somebody is in.

use domain::Millis;
use domain::limits::{PRESENCE_LEASE, PRESENCE_MEMBERS};
use store::Result;
use wire::{ServerFrame, User};

use crate::Delivery;

impl Delivery {
    /// Tells the rooms of `user` that they are here, if `connection` is their
    /// first socket.
    pub async fn came(&self, user: &User, connection: &str, now: Millis) -> Result<()> {
        let present = self
            .store
            .is_present_beside(&user.id, connection, now)
            .await?;
        if present {
            return Ok(());
        }
        self.tell(user, true, now + PRESENCE_LEASE, connection)
            .await
    }

    /// Tells the rooms of a user that they are gone, if no socket is left.
    pub async fn went(&self, user: &str, now: Millis) -> Result<()> {
        if self.store.is_present_beside(user, "", now).await? {
            return Ok(());
        }
        match self.store.account(user).await? {
            Some(account) => self.tell(&account.user(), false, now, "").await,
            None => Ok(()),
        }
    }

    async fn tell(&self, user: &User, online: bool, until: Millis, except: &str) -> Result<()> {
        let mut rooms = Vec::new();
        for room in self.store.room_ids_of(&user.id).await? {
            if self.store.count_members(&room, PRESENCE_MEMBERS).await? <= PRESENCE_MEMBERS {
                rooms.push(room);
            }
        }
        if rooms.is_empty() {
            return Ok(());
        }
        let listeners = self.store.listeners(&rooms).await?;
        let frames = listeners
            .into_iter()
            .filter(|listener| listener.id != except)
            .flat_map(|listener| {
                let shared: Vec<String> = listener
                    .rooms
                    .iter()
                    .filter(|room| rooms.contains(room))
                    .cloned()
                    .collect();
                shared
                    .into_iter()
                    .map(move |room| (listener.id.clone(), room))
            })
            .map(|(connection, room)| {
                let user = user.clone();
                let frame = ServerFrame::Presence {
                    room,
                    user,
                    online,
                    until,
                };
                (connection, frame)
            })
            .collect();
        let gone = self.push.post_all(frames).await;
        self.store.remove_connections(&gone).await
    }
}
