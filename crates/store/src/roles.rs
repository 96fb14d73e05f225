//! The roles of a group's members. A group has one owner.

use domain::Timestamp;
use futures_util::TryStreamExt;
use mongodb::bson::{Bson, doc, serialize_to_bson};
use protocol::Role;

use crate::Store;
use crate::error::{Error, Result};
use crate::members::{MemberRow, current};

/// How often the owner of a room is looked for while others join and leave.
const OWNER_ROUNDS: u32 = 20;

impl Store {
    /// Makes a member other than the owner a moderator or an ordinary member, and
    /// returns the row as it was. `None` if there is no such member.
    pub async fn set_role(&self, room: &str, user: &str, role: Role) -> Result<Option<MemberRow>> {
        let filter = current(doc! { "user": user, "room": room, "role": { "$ne": "owner" } });
        let update = doc! { "$set": { "role": name(role)? } };
        Ok(self.members().find_one_and_update(filter, update).await?)
    }

    /// Makes another member the owner and the earlier owner a moderator, and returns
    /// the new owner's row as it was. `None` if there is no such member.
    ///
    /// The new owner is written first: a call that is cut off leaves two owners, of
    /// whom [`Store::ensure_owner`] keeps the newer. It runs at the end, because the
    /// new owner may have left meanwhile, or two calls may have named different ones.
    pub async fn hand_over(
        &self,
        room: &str,
        from: &str,
        to: &str,
        now: Timestamp,
    ) -> Result<Option<MemberRow>> {
        let filter = current(doc! { "user": to, "room": room });
        let update = doc! { "$set": { "role": "owner", "owner_since": now.as_millis() } };
        let Some(before) = self.members().find_one_and_update(filter, update).await? else {
            return Ok(None);
        };
        let filter = current(doc! { "user": from, "room": room, "role": "owner" });
        let update = doc! {
            "$set": { "role": name(Role::Moderator)? },
            "$unset": { "owner_since": "" },
        };
        self.members().update_one(filter, update).await?;
        self.ensure_owner(room).await?;
        Ok(Some(before))
    }

    /// Makes the longest-standing member of a room its owner, if it has none. Two
    /// calls at once may each make another one, so each looks again after it wrote,
    /// and of several owners one stays: the last to whom the room was handed over, or
    /// else the longest-standing.
    pub async fn ensure_owner(&self, room: &str) -> Result<()> {
        let longest_standing = doc! { "joined_at": 1, "_id": 1 };
        for _ in 0..OWNER_ROUNDS {
            let owners = current(doc! { "room": room, "role": "owner" });
            let owners: Vec<MemberRow> = self
                .members()
                .find(owners)
                .sort(doc! { "owner_since": -1, "joined_at": 1, "_id": 1 })
                .limit(2)
                .await?
                .try_collect()
                .await?;
            let (filter, role) = match owners.as_slice() {
                [_] => return Ok(()),
                [] => (doc! { "room": room }, "owner"),
                [_, other, ..] => (
                    doc! { "room": room, "user": &other.user, "role": "owner" },
                    "member",
                ),
            };
            let changed = self
                .members()
                .find_one_and_update(current(filter), doc! { "$set": { "role": role } })
                .sort(longest_standing.clone())
                .await?;
            if changed.is_none() && owners.is_empty() {
                // No member is left.
                return Ok(());
            }
        }
        Err(Error::busy())
    }
}

fn name(role: Role) -> Result<Bson> {
    Ok(serialize_to_bson(&role).map_err(mongodb::error::Error::from)?)
}
