//! Rooms.

use domain::limits::PRESENCE_MEMBERS;
use domain::{ClientMessageId, RoomName, Timestamp};
use futures_util::TryStreamExt;
use mongodb::bson::doc;
use protocol::{Room, RoomKind};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::error::{Result, is_duplicate};
use crate::members::{self, Membership};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRow {
    /// Random, 128 bits.
    #[serde(rename = "_id")]
    pub id: String,
    pub kind: RoomKind,
    /// A group's name, empty for a direct room.
    pub name: String,
    /// What a group is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Of a direct room: its two addresses, sorted. Unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<String>,
    /// Of a group: its creator, and the id that their client made for it. Unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation: Option<String>,
    pub created_at: Timestamp,
}

impl RoomRow {
    pub fn group(id: String, name: &RoomName, now: Timestamp) -> Self {
        Self {
            id,
            kind: RoomKind::Group,
            name: name.as_str().to_owned(),
            topic: None,
            pair: None,
            creation: None,
            created_at: now,
        }
    }

    /// The same group, of which `creator` creates no second one under this id.
    pub fn created_by(mut self, creator: &str, id: Option<&ClientMessageId>) -> Self {
        self.creation = id.map(|id| format!("{creator} {}", id.as_str()));
        self
    }

    /// The direct room of two addresses.
    pub fn direct(id: String, one: &str, other: &str, now: Timestamp) -> Self {
        let mut pair = [one, other];
        pair.sort_unstable();
        Self {
            id,
            kind: RoomKind::Direct,
            name: String::new(),
            topic: None,
            pair: Some(pair.join(" ")),
            creation: None,
            created_at: now,
        }
    }
}

/// What became of a room's creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomCreated {
    New,
    /// The pair has this one, or the creator made it under the same id.
    Existing(RoomRow),
}

impl Store {
    /// The direct room that the pair of `wanted` has, or the group that its creator
    /// made under the same id.
    pub async fn existing_room(&self, wanted: &RoomRow) -> Result<Option<RoomRow>> {
        let filter = match (&wanted.pair, &wanted.creation) {
            (Some(pair), _) => doc! { "pair": pair },
            (None, Some(creation)) => doc! { "creation": creation },
            (None, None) => return Ok(None),
        };
        Ok(self.collection::<RoomRow>("rooms").find_one(filter).await?)
    }

    /// Creates a room. Of any number at once for one pair, or for one creator and id,
    /// one does.
    pub async fn create_room(&self, room: &RoomRow) -> Result<RoomCreated> {
        let rooms = self.collection::<RoomRow>("rooms");
        match rooms.insert_one(room).await {
            Ok(_) => Ok(RoomCreated::New),
            Err(error) if is_duplicate(&error) => {
                let existing = self.existing_room(room).await?;
                existing.map(RoomCreated::Existing).ok_or(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a room that no one became a member of.
    pub async fn remove_room(&self, room: &str) -> Result<()> {
        let rooms = self.collection::<RoomRow>("rooms");
        rooms.delete_one(doc! { "_id": room }).await?;
        Ok(())
    }

    /// The kinds and names of these rooms, in no order.
    pub async fn rooms_by_id(&self, ids: &[String]) -> Result<Vec<RoomRow>> {
        let rooms = self.collection::<RoomRow>("rooms");
        let found = rooms.find(doc! { "_id": { "$in": ids } }).await?;
        Ok(found.try_collect().await?)
    }

    /// A room with its members, the invited addresses and who is online.
    pub async fn room_with_members(&self, membership: &Membership, now: Timestamp) -> Result<Room> {
        let mut room = membership.room();
        let (members, invited) =
            tokio::try_join!(self.members_of(&room.id), self.invited_to(&room.id, now))?;
        if members.len() as u64 <= PRESENCE_MEMBERS {
            let ids: Vec<String> = members.iter().map(|member| member.user.clone()).collect();
            let present = self.present_of(&ids, now).await?;
            room.online = Some(present.into_iter().map(|user| user.id).collect());
        }
        room.members = Some(members::shown(&members));
        room.invited = Some(invited);
        Ok(room)
    }
}
