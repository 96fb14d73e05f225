//! Joining and leaving rooms, with the events for the other members.
//!
//! Each step may be interrupted and repeated, and two may run concurrently: the
//! subscriptions are updated after the membership was written, and again by the
//! membership at that time.

use domain::Timestamp;
use protocol::ServerFrame;
use store::Result;
use store::members::{Joined, MemberRow};

use crate::Realtime;

impl Realtime {
    /// Adds a member, subscribes all of their sockets, and notifies the other
    /// members. Repeating it notifies no one and subscribes the sockets again.
    pub async fn admit(&self, member: &MemberRow) -> Result<Joined> {
        let (room, user) = (&member.room, &member.user);
        let joined = self.store.add_member(member).await?;
        self.store.subscribe_everywhere(user, room).await?;
        let Some(membership) = self.store.membership(room, user).await? else {
            // Removed again in the same moment.
            self.store.unsubscribe_everywhere(user, room).await?;
            return Ok(joined);
        };
        if joined == Joined::New {
            let now = member.joined_at;
            let room = membership.room();
            self.to_user(user, &ServerFrame::Added { room }, now)
                .await?;
            self.tell_others(member, true, now).await?;
        }
        Ok(joined)
    }

    /// Ends a membership: they hear nothing more from the room, the others hear
    /// of it, and a room without an owner gets its longest-standing member as the
    /// next. None where there was no such member; what an earlier try left undone
    /// is done all the same.
    pub async fn remove_member(
        &self,
        room: &str,
        user: &str,
        now: Timestamp,
    ) -> Result<Option<MemberRow>> {
        let removed = self.store.remove_member(room, user).await?;
        let mut hearing = self.store.subscriptions_of(user, room).await?;
        self.store.unsubscribe_everywhere(user, room).await?;
        if self.store.is_member(room, user).await? {
            // Brought in again in the same moment.
            self.store.subscribe_everywhere(user, room).await?;
            return Ok(removed);
        }
        self.store.ensure_owner(room).await?;
        if let Some(member) = &removed {
            let left = ServerFrame::Left {
                reference: None,
                room: room.to_owned(),
            };
            // A socket may have heard the room without a `hello`, by `join` alone.
            let greeted = self.store.connections_of(user).await?;
            hearing.retain(|one| greeted.iter().all(|other| other.id != one.id));
            hearing.extend(greeted);
            self.to_subscribers(hearing, &left, "", now).await?;
            self.tell_others(member, false, now).await?;
        }
        Ok(removed)
    }

    async fn tell_others(&self, member: &MemberRow, joined: bool, now: Timestamp) -> Result<()> {
        let frame = ServerFrame::Member {
            room: member.room.clone(),
            user: member.user(),
            joined,
        };
        let rooms = std::slice::from_ref(&member.room);
        let mut subscribers = self.store.subscribers(rooms).await?;
        subscribers.retain(|subscriber| subscriber.user != member.user);
        self.to_subscribers(subscribers, &frame, "", now).await
    }
}
