//! Memberships that begin and end, and the frames that say so.
//!
//! Each step may be cut off and repeated, and two may run at once: subscriptions
//! are set after the membership was written, and corrected by what it is then.

use domain::Timestamp;
use domain::limits::{ADDED_BY_STRANGERS, MEMBERS_PER_ROOM};
use protocol::{ChangeKind, MemberAct, Role, RoomKind, ServerFrame, User};
use store::members::{ActOf, Joined, MemberRow};
use store::rooms::RoomRow;
use store::users::Account;
use store::{Error, Result};

use crate::Realtime;

impl Realtime {
    /// Makes a person a member: their sockets receive the room from now on, and
    /// the other members are notified. Repeating it notifies no one again.
    pub async fn admit(&self, member: &MemberRow, act: ActOf) -> Result<Joined> {
        let (room, user) = (&member.room, &member.user);
        let joined = self.store.add_member(member, act).await?;
        if !matches!(joined, Joined::New | Joined::Already) {
            return Ok(joined);
        }
        self.store.subscribe_everywhere(user, room).await?;
        let Some(membership) = self.store.membership(room, user).await? else {
            // Removed again in the same moment.
            self.store.unsubscribe_everywhere(user, room).await?;
            return Ok(joined);
        };
        if joined == Joined::New {
            // The last member may have left while the invitation was open.
            self.store.ensure_owner(room).await?;
            let now = member.joined_at;
            let room = membership.room();
            self.to_user(user, &ServerFrame::Added { room }, "", now)
                .await?;
            self.notify_others(member, true, now).await?;
        }
        Ok(joined)
    }

    /// Adds a new account to the rooms that its address was invited to before,
    /// as many as strangers may add it to. The other invitations stay open.
    pub async fn admit_invited(&self, account: &Account, now: Timestamp) -> Result<()> {
        for invitation in self.store.invitations_of(&account.email, now).await? {
            let room = &invitation.room;
            if self.store.count_members(room, MEMBERS_PER_ROOM).await? >= MEMBERS_PER_ROOM {
                continue;
            }
            match self.store.count(ADDED_BY_STRANGERS, &account.id, now).await {
                Ok(()) => {}
                Err(Error::TooFast(_)) => break,
                Err(error) => return Err(error),
            }
            if !self
                .store
                .claim_invitation(room, &account.email, now)
                .await?
            {
                continue;
            }
            let member = MemberRow::new(room, &account.user(), Role::Member, now);
            match self.admit(&member, ActOf::Other).await? {
                joined @ (Joined::New | Joined::Already) => {
                    self.store.end_invitation(room, &account.email).await?;
                    let of_room = self.store.rooms_by_id(std::slice::from_ref(room)).await?;
                    if let (Joined::New, [room]) = (joined, of_room.as_slice()) {
                        let user = account.user();
                        self.record_member(room, &user, user.clone(), MemberAct::Joined, now)
                            .await?;
                    }
                }
                _ => self.store.release_invitation(room, &account.email).await?,
            }
        }
        Ok(())
    }

    /// Ends a membership: the person's sockets receive nothing more from the room,
    /// the other members are notified, and a room without an owner gets the next.
    /// What an earlier call left undone is done again; `None` if there was no
    /// membership to end. A removal by another withdraws the invitations that the
    /// person issued.
    pub async fn remove_member(
        &self,
        room: &str,
        user: &str,
        by: ActOf,
        now: Timestamp,
    ) -> Result<Option<MemberRow>> {
        let mut subscribed = self.store.subscriptions_of(user, room).await?;
        // Also before the membership ends: what fails in between then delivers
        // too little, which `ping` repairs, and not too much.
        self.store.unsubscribe_everywhere(user, room).await?;
        let removed = self.store.remove_member(room, user, now).await?;
        self.store.unsubscribe_everywhere(user, room).await?;
        if self.store.is_member(room, user).await? {
            // Added again in the same moment.
            self.store.subscribe_everywhere(user, room).await?;
            return Ok(removed);
        }
        if by == ActOf::Other {
            self.store.withdraw_all_by(room, user).await?;
            if let Some(account) = self.store.account(user).await? {
                self.store.withdraw(room, &account.email).await?;
            }
        }
        self.store.ensure_owner(room).await?;
        if let Some(member) = &removed {
            let left = ServerFrame::Left {
                reference: None,
                room: room.to_owned(),
            };
            // A socket may have subscribed without a `hello`, by `join` alone.
            let ready = self.store.connections_of(user).await?;
            subscribed.retain(|one| ready.iter().all(|other| other.id != one.id));
            subscribed.extend(ready);
            self.to_subscribers(subscribed, &left, "", now).await?;
            self.notify_others(member, false, now).await?;
        }
        Ok(removed)
    }

    /// Appends what became of a membership to the changes of its room, if that is a
    /// group.
    pub async fn record_member(
        &self,
        room: &RoomRow,
        by: &User,
        user: User,
        act: MemberAct,
        now: Timestamp,
    ) -> Result<()> {
        match room.kind {
            RoomKind::Group => {
                let kind = ChangeKind::Member { user, act };
                self.change_room(&room.id, by, kind, now).await
            }
            RoomKind::Direct | RoomKind::Unknown => Ok(()),
        }
    }

    async fn notify_others(&self, member: &MemberRow, joined: bool, now: Timestamp) -> Result<()> {
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
