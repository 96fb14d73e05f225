//! Presence events, in rooms of at most 100 members.

use domain::Timestamp;
use domain::limits::{PRESENCE_LEASE, PRESENCE_MEMBERS};
use futures_util::future::try_join_all;
use protocol::{ServerFrame, User};
use store::Result;
use store::connections::Subscriber;

use crate::Realtime;

/// How many rooms are counted at once.
const ROOMS_AT_ONCE: usize = 8;

impl Realtime {
    /// Tells the rooms of `user` that they are here.
    pub async fn went_online(&self, user: &User, connection: &str, now: Timestamp) -> Result<()> {
        let until = now + PRESENCE_LEASE;
        let gone = self.tell(user, true, until, connection).await?;
        self.forget(gone, now).await
    }

    /// Tells the rooms of a user that they are gone.
    pub async fn went_offline(&self, user: &User, now: Timestamp) -> Result<()> {
        let gone = self.tell(user, false, now, "").await?;
        self.forget(gone, now).await
    }

    /// Deletes sockets that are gone, and notifies the rooms of users without
    /// another socket: `$disconnect` will find no row. Notifying may find more
    /// sockets that are gone.
    pub(crate) async fn forget(&self, gone: Vec<Subscriber>, now: Timestamp) -> Result<()> {
        let mut gone = gone;
        while !gone.is_empty() {
            let ids: Vec<&str> = gone
                .iter()
                .map(|subscriber| subscriber.id.as_str())
                .collect();
            self.store.forget_sockets(&ids).await?;
            let mut users: Vec<String> =
                gone.into_iter().map(|subscriber| subscriber.user).collect();
            users.sort_unstable();
            users.dedup();
            gone = self.tell_all(&users, now).await?;
        }
        Ok(())
    }

    /// Tells the rooms of those of `users` who are present no more.
    pub(crate) async fn tell_absent(&self, users: &[String], now: Timestamp) -> Result<()> {
        let gone = self.tell_all(users, now).await?;
        self.forget(gone, now).await
    }

    async fn tell_all(&self, users: &[String], now: Timestamp) -> Result<Vec<Subscriber>> {
        let mut gone = Vec::new();
        for user in self.store.absent_of(users, now).await? {
            gone.append(&mut self.tell(&user, false, now, "").await?);
        }
        Ok(gone)
    }

    /// Tells everyone in the small rooms of `user`, and gives the sockets that
    /// are gone.
    async fn tell(
        &self,
        user: &User,
        online: bool,
        until: Timestamp,
        except: &str,
    ) -> Result<Vec<Subscriber>> {
        let rooms = self.small_rooms(&user.id).await?;
        if rooms.is_empty() {
            return Ok(Vec::new());
        }
        let subscribers = self.store.subscribers(&rooms).await?;
        let mut posts = Vec::new();
        for subscriber in subscribers
            .iter()
            .filter(|subscriber| subscriber.id != except)
        {
            for room in subscriber.rooms.iter().filter(|room| rooms.contains(room)) {
                let frame = ServerFrame::Presence {
                    room: room.clone(),
                    user: user.clone(),
                    online,
                    until,
                };
                posts.push((subscriber.id.clone(), frame));
            }
        }
        let gone = self.connections.post_all(posts).await;
        Ok(subscribers
            .into_iter()
            .filter(|subscriber| gone.contains(&subscriber.id))
            .collect())
    }

    /// The rooms of a user in which presence is shown.
    async fn small_rooms(&self, user: &str) -> Result<Vec<String>> {
        let mut small = Vec::new();
        for some in self.store.room_ids_of(user).await?.chunks(ROOMS_AT_ONCE) {
            let counts = some
                .iter()
                .map(|room| self.store.count_members(room, PRESENCE_MEMBERS));
            let counts = try_join_all(counts).await?;
            let counted = some.iter().zip(counts);
            small.extend(
                counted
                    .filter(|(_, members)| *members <= PRESENCE_MEMBERS)
                    .map(|(room, _)| room.clone()),
            );
        }
        Ok(small)
    }
}
