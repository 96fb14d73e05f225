//! Memberships: who is in a room, as what, and how far they have read.

use domain::Timestamp;
use domain::limits::ROOMS_PER_USER;
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::{ReadConcern, ReturnDocument};
use protocol::{Member, Role, User};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::error::{Result, is_duplicate};
use crate::messages::newest;
use crate::rooms::Membership;

/// One person in one room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRow {
    /// The room.
    pub room: String,
    /// The person.
    pub user: String,
    /// The person's name.
    pub name: String,
    /// In a direct room: the other's name, which this member sees as the room's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// As what.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
    /// The last `seq` they have read; it only grows.
    pub read_seq: i64,
}

impl MemberRow {
    /// `user` in `room` from now on.
    pub fn new(room: &str, user: &User, role: Role, now: Timestamp) -> Self {
        Self {
            room: room.to_owned(),
            user: user.id.clone(),
            name: user.name.clone(),
            title: None,
            role,
            joined_at: now,
            read_seq: 0,
        }
    }

    /// The same with the other's name, for a direct room.
    pub fn titled(mut self, title: &str) -> Self {
        self.title = Some(title.to_owned());
        self
    }

    /// As the protocol tells it.
    pub fn member(&self) -> Member {
        Member {
            user: self.user(),
            role: self.role,
            read_seq: self.read_seq,
        }
    }

    /// The person.
    pub fn user(&self) -> User {
        User {
            id: self.user.clone(),
            name: self.name.clone(),
        }
    }
}

/// Whether somebody became a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// They are one now.
    New,
    /// They were one already.
    Already,
}

impl Store {
    /// Makes somebody a member.
    pub async fn add_member(&self, member: &MemberRow) -> Result<Joined> {
        match self.members().insert_one(member).await {
            Ok(_) => Ok(Joined::New),
            Err(error) if is_duplicate(&error) => Ok(Joined::Already),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a membership, and gives it as it was.
    pub async fn remove_member(&self, room: &str, user: &str) -> Result<Option<MemberRow>> {
        let filter = doc! { "user": user, "room": room };
        Ok(self.members().find_one_and_delete(filter).await?)
    }

    /// Makes the longest-standing member of a room its owner, if it has none.
    pub async fn ensure_owner(&self, room: &str) -> Result<()> {
        let owner = doc! { "room": room, "role": "owner" };
        if self.members().find_one(owner).await?.is_some() {
            return Ok(());
        }
        self.members()
            .find_one_and_update(doc! { "room": room }, doc! { "$set": { "role": "owner" } })
            .sort(doc! { "joined_at": 1 })
            .await?;
        Ok(())
    }

    /// Whether somebody is a member.
    pub async fn is_member(&self, room: &str, user: &str) -> Result<bool> {
        let filter = doc! { "user": user, "room": room };
        let found = self
            .collection::<Document>("members")
            .find_one(filter)
            .projection(doc! { "_id": 1 })
            .await?;
        Ok(found.is_some())
    }

    /// The members of a room, longest-standing first.
    pub async fn members_of(&self, room: &str) -> Result<Vec<MemberRow>> {
        Ok(self
            .members()
            .find(doc! { "room": room })
            .sort(doc! { "joined_at": 1 })
            .await?
            .try_collect()
            .await?)
    }

    /// How many members a room has, counted no further than `most + 1`.
    pub async fn count_members(&self, room: &str, most: u64) -> Result<u64> {
        Ok(self
            .members()
            .count_documents(doc! { "room": room })
            .limit(most + 1)
            .await?)
    }

    /// How many rooms somebody is in.
    pub async fn count_rooms(&self, user: &str) -> Result<u64> {
        Ok(self
            .members()
            .count_documents(doc! { "user": user })
            .limit(ROOMS_PER_USER as u64 + 1)
            .await?)
    }

    /// The ids of the rooms that somebody is in.
    pub async fn room_ids_of(&self, user: &str) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Id {
            room: String,
        }
        let ids: Vec<Id> = self
            .collection::<Id>("members")
            .find(doc! { "user": user })
            .projection(doc! { "_id": 0, "room": 1 })
            .await?
            .try_collect()
            .await?;
        Ok(ids.into_iter().map(|id| id.room).collect())
    }

    /// The rooms that somebody is in, with their newest `seq`: one round trip.
    pub async fn memberships_of(&self, user: &str) -> Result<Vec<Membership>> {
        self.memberships(doc! { "user": user }).await
    }

    /// One room as one of its members sees it; none for anybody else.
    pub async fn membership(&self, room: &str, user: &str) -> Result<Option<Membership>> {
        let found = self
            .memberships(doc! { "user": user, "room": room })
            .await?;
        Ok(found.into_iter().next())
    }

    /// Moves somebody's read mark forward; whether it moved.
    pub async fn mark_read(&self, room: &str, user: &str, seq: i64) -> Result<bool> {
        let filter = doc! { "user": user, "room": room, "read_seq": { "$lt": seq } };
        let moved = self
            .members()
            .find_one_and_update(filter, doc! { "$set": { "read_seq": seq } })
            .return_document(ReturnDocument::After)
            .await?;
        Ok(moved.is_some())
    }

    async fn memberships(&self, filter: Document) -> Result<Vec<Membership>> {
        let pipeline = vec![
            doc! { "$match": filter },
            doc! { "$lookup": {
                "from": "rooms",
                "localField": "room",
                "foreignField": "_id",
                "as": "room_row",
            } },
            doc! { "$unwind": "$room_row" },
            newest(),
            doc! { "$set": { "last_seq": { "$ifNull": [{ "$max": "$newest.seq" }, 0_i64] } } },
            doc! { "$project": { "newest": 0 } },
        ];
        Ok(self
            .collection::<Document>("members")
            .aggregate(pipeline)
            // Nobody is told of a message that could still be rolled back.
            .read_concern(ReadConcern::majority())
            .with_type::<Membership>()
            .await?
            .try_collect()
            .await?)
    }

    fn members(&self) -> mongodb::Collection<MemberRow> {
        self.collection("members")
    }
}

impl Store {
    /// The one who waits in a direct room for the other to get an account; none
    /// for a group.
    pub async fn direct_host(&self, room: &str) -> Result<Option<MemberRow>> {
        let direct = doc! { "_id": room, "kind": "direct" };
        let rooms = self.collection::<Document>("rooms");
        if rooms.find_one(direct).await?.is_none() {
            return Ok(None);
        }
        Ok(self.members().find_one(doc! { "room": room }).await?)
    }

    /// Sets the name by which a member of a direct room sees it.
    pub async fn set_title(&self, room: &str, user: &str, title: &str) -> Result<()> {
        let filter = doc! { "user": user, "room": room };
        self.members()
            .update_one(filter, doc! { "$set": { "title": title } })
            .await?;
        Ok(())
    }
}
