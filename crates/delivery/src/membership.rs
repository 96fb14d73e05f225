//! Comings and goings of members, and who is told.

use store::Result;
use store::members::{Joined, MemberRow};
use wire::{Role, ServerFrame};

use crate::Delivery;

impl Delivery {
    /// Makes somebody a member: they hear the room from now on, on every socket,
    /// and the others hear of it. Doing it twice tells nobody twice.
    pub async fn admit(&self, member: &MemberRow) -> Result<Joined> {
        let joined = self.store.add_member(member).await?;
        if joined == Joined::New {
            self.store
                .hear_everywhere(&member.user, &member.room)
                .await?;
            if let Some(membership) = self.store.membership(&member.room, &member.user).await? {
                let room = membership.room();
                self.to_user(&member.user, &ServerFrame::Added { room })
                    .await?;
            }
            self.tell_others(member, true).await?;
        }
        Ok(joined)
    }

    /// Ends a membership: they hear nothing more from the room, the others hear
    /// of it, and a room whose owner went gets its longest-standing member as
    /// the next. None where there was no such member.
    pub async fn dismiss(&self, room: &str, user: &str) -> Result<Option<MemberRow>> {
        let Some(member) = self.store.remove_member(room, user).await? else {
            return Ok(None);
        };
        self.store.unhear_everywhere(user, room).await?;
        if member.role == Role::Owner {
            self.store.promote_eldest(room).await?;
        }
        let left = ServerFrame::Left {
            reference: None,
            room: room.to_owned(),
        };
        self.to_user(user, &left).await?;
        self.tell_others(&member, false).await?;
        Ok(Some(member))
    }

    async fn tell_others(&self, member: &MemberRow, joined: bool) -> Result<()> {
        let frame = ServerFrame::Member {
            room: member.room.clone(),
            user: member.user(),
            joined,
        };
        let mut listeners = self.store.listeners(&[member.room.clone()]).await?;
        listeners.retain(|listener| listener.user != member.user);
        self.to_listeners(listeners, &frame, "").await
    }
}
