//! Rooms, and how one of their members sees them.

use domain::limits::PRESENCE_MEMBERS;
use domain::{RoomName, Timestamp};
use mongodb::bson::doc;
use protocol::{Room, RoomKind};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::error::{Result, is_duplicate};
use crate::members::MemberRow;

/// A room as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRow {
    /// Random, 128 bits.
    #[serde(rename = "_id")]
    pub id: String,
    /// Group or direct.
    pub kind: RoomKind,
    /// A group's name; a direct room shows each of the two the other's.
    pub name: String,
    /// Of a direct room: its two addresses, sorted. Unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl RoomRow {
    /// A new group.
    pub fn group(id: String, name: &RoomName, now: Timestamp) -> Self {
        Self {
            id,
            kind: RoomKind::Group,
            name: name.as_str().to_owned(),
            pair: None,
            created_at: now,
        }
    }

    /// The direct room of two addresses.
    pub fn direct(id: String, one: &str, other: &str, now: Timestamp) -> Self {
        let mut pair = [one, other];
        pair.sort_unstable();
        Self {
            id,
            kind: RoomKind::Direct,
            name: String::new(),
            pair: Some(pair.join(" ")),
            created_at: now,
        }
    }
}

/// Whether a room was made, or the pair had one.
pub enum MadeRoom {
    /// It is new.
    New,
    /// This one was there already.
    Existing(RoomRow),
}

/// A room with one user's membership of it: one indexed read.
#[derive(Debug, Clone, Deserialize)]
pub struct Membership {
    /// What the member's row says.
    #[serde(flatten)]
    pub member: MemberRow,
    /// The room.
    pub room_row: RoomRow,
    /// The newest `seq` of the room, 0 when nothing was said.
    pub last_seq: i64,
}

impl Membership {
    /// As the protocol tells it.
    pub fn room(&self) -> Room {
        Room {
            id: self.room_row.id.clone(),
            name: match &self.member.title {
                Some(title) => title.clone(),
                None => self.room_row.name.clone(),
            },
            kind: self.room_row.kind,
            last_seq: self.last_seq,
            read_seq: self.member.read_seq,
            members: None,
            invited: None,
            online: None,
        }
    }
}

impl Store {
    /// The direct room that the pair of `wanted` has already.
    pub async fn room_of_pair(&self, wanted: &RoomRow) -> Result<Option<RoomRow>> {
        let Some(pair) = &wanted.pair else {
            return Ok(None);
        };
        let rooms = self.collection::<RoomRow>("rooms");
        Ok(rooms.find_one(doc! { "pair": pair }).await?)
    }

    /// Makes a room; of any number at once for one pair, one wins.
    pub async fn create_room(&self, room: &RoomRow) -> Result<MadeRoom> {
        let rooms = self.collection::<RoomRow>("rooms");
        match rooms.insert_one(room).await {
            Ok(_) => Ok(MadeRoom::New),
            Err(error) if is_duplicate(&error) => {
                let existing = self.room_of_pair(room).await?;
                existing.map(MadeRoom::Existing).ok_or(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Store {
    /// A room with its members, those invited, and those present.
    pub async fn room_with_members(&self, membership: &Membership, now: Timestamp) -> Result<Room> {
        let mut room = membership.room();
        let (members, invited) =
            tokio::try_join!(self.members_of(&room.id), self.invited_to(&room.id))?;
        if members.len() as u64 <= PRESENCE_MEMBERS {
            let ids: Vec<String> = members.iter().map(|member| member.user.clone()).collect();
            let present = self.present_of(&ids, now).await?;
            room.online = Some(present.into_iter().map(|user| user.id).collect());
        }
        room.members = Some(members.iter().map(MemberRow::member).collect());
        room.invited = Some(invited);
        Ok(room)
    }
}
