//! Memberships: who is in a room, in which role, and how far they have read.
//!
//! A member holds one of the person's slots, whose number is unique per person:
//! the index bounds the rooms of a person on every path. Leaving gives the slot
//! up and keeps the row, so that only the person can undo it.

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;
use domain::limits::{MEMBERS_PER_ROOM, QUOTE_CHARS};
use domain::text::confusable;
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::{ReadConcern, ReturnDocument};
use protocol::{LastMessage, Member, Notify, Role, Room, RoomKind, User};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::error::{Error, Result, is_duplicate};
use crate::rooms::RoomRow;
use crate::slots;

/// How often a free slot is searched for while other rooms of the person take
/// the same ones.
const SLOT_ROUNDS: u32 = 100;

/// One person in one room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRow {
    pub room: String,
    pub user: String,
    pub name: String,
    /// In a direct room: what this member sees as its name until the other is a
    /// member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub role: Role,
    pub joined_at: Timestamp,
    /// The last `seq` they have read. It only grows.
    pub read_seq: i64,
    /// The messages of which they are notified.
    #[serde(default, skip_serializing)]
    pub notify: Notify,
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
            notify: Notify::All,
        }
    }

    /// The same with a title, for a direct room.
    pub fn titled(mut self, title: &str) -> Self {
        self.title = Some(title.to_owned());
        self
    }

    pub fn user(&self) -> User {
        User {
            id: self.user.clone(),
            name: self.name.clone(),
        }
    }
}

/// Whose act a membership is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActOf {
    /// The member's: they create, open or accept, and may return.
    Member,
    /// Another person's: it fills at most `ROOMS_BY_OTHERS` slots and brings
    /// back no one who left.
    Other,
}

/// What became of an addition to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    New,
    Already,
    /// The person left or was removed earlier, and only they can undo it.
    HasLeft,
    /// Others have filled all the slots that they may.
    FullForOthers,
    /// The person is in `ROOMS_PER_USER` rooms.
    Full,
    /// The room has [`MEMBERS_PER_ROOM`] members.
    RoomFull,
}

/// A room as one of its members sees it.
#[derive(Debug, Clone, Deserialize)]
pub struct Membership {
    #[serde(flatten)]
    pub member: MemberRow,
    pub room_row: RoomRow,
    #[serde(default, rename = "newest")]
    newest: Vec<Newest>,
    #[serde(default)]
    newest_change: Vec<NewestChange>,
    /// Of a direct room: its members.
    #[serde(skip)]
    pair: Option<Vec<MemberRow>>,
}

#[derive(Debug, Clone, Deserialize)]
struct NewestChange {
    rev: i64,
}

#[derive(Debug, Clone, Deserialize)]
struct Newest {
    seq: i64,
    sender: String,
    name: String,
    text: String,
    at: Timestamp,
}

impl Membership {
    /// The newest `seq` of the room, 0 in an empty one.
    pub fn last_seq(&self) -> i64 {
        self.newest.first().map_or(0, |newest| newest.seq)
    }

    /// The newest `rev` of the room, 0 in one without changes.
    pub fn last_rev(&self) -> i64 {
        self.newest_change.first().map_or(0, |newest| newest.rev)
    }

    /// The room as the protocol shows it to this member: a direct room with its
    /// members.
    pub fn room(&self) -> Room {
        let newest = self.newest.first();
        Room {
            id: self.room_row.id.clone(),
            name: match &self.member.title {
                Some(title) => title.clone(),
                None => self.room_row.name.clone(),
            },
            kind: self.room_row.kind,
            topic: self.room_row.topic.clone(),
            last_seq: self.last_seq(),
            read_seq: self.member.read_seq,
            last_rev: self.last_rev(),
            last: newest.map(|newest| LastMessage {
                seq: newest.seq,
                from: User {
                    id: newest.sender.clone(),
                    name: newest.name.clone(),
                },
                text: newest.text.chars().take(QUOTE_CHARS).collect(),
                at: newest.at,
            }),
            last_at: Some(newest.map_or(self.room_row.created_at, |newest| newest.at)),
            members: self.pair.as_ref().map(|pair| shown(pair)),
            invited: None,
            notify: self.member.notify,
            online: None,
        }
    }
}

/// All members of a room as the protocol shows them.
pub(crate) fn shown(members: &[MemberRow]) -> Vec<Member> {
    let names = members.iter().map(|member| member.name.as_str());
    let all = members.iter().zip(confusable(names));
    all.map(|(member, confusable)| Member {
        user: member.user(),
        // Clients of the first version know no other role.
        role: match member.role {
            Role::Moderator => Role::Member,
            role => role,
        },
        read_seq: member.read_seq,
        moderator: member.role == Role::Moderator,
        confusable,
    })
    .collect()
}

/// A row of a direct room, of a member or of a person who left.
#[derive(Deserialize)]
struct OfPair {
    #[serde(flatten)]
    member: MemberRow,
    #[serde(default)]
    slot: Option<i32>,
}

/// A member's row as stored, or that of a person who left.
#[derive(Deserialize)]
struct Held {
    room: String,
    #[serde(default)]
    slot: Option<i32>,
}

/// Adds the condition of a membership that has not ended.
pub(crate) fn current(mut filter: Document) -> Document {
    filter.insert("slot", doc! { "$gte": 0 });
    filter
}

impl Store {
    /// Makes a person a member. Of any number at once one creates the
    /// membership, and no number at once exceeds the person's slots or the room's
    /// limit.
    pub async fn add_member(&self, member: &MemberRow, act: ActOf) -> Result<Joined> {
        for _ in 0..SLOT_ROUNDS {
            let held = self.held(&member.user, &member.room).await?;
            let this = held.iter().find(|row| row.room == member.room);
            match this {
                Some(row) if row.slot.is_some() => return Ok(Joined::Already),
                Some(_) if act == ActOf::Other => return Ok(Joined::HasLeft),
                _ => {}
            }
            let slot = match slots::free(held.iter().filter_map(|row| row.slot), &member.room, act)
            {
                Ok(slot) => slot,
                Err(full) => return Ok(full),
            };
            match self.take_slot(member, slot, this.is_some()).await {
                Ok(true) => return self.keep_if_room(member, this.is_some()).await,
                Ok(false) => {}
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::busy())
    }

    /// Takes a new membership back if the room has too many members with it. Each
    /// addition counts after its own write, so of several at once all may be taken
    /// back, and none exceeds the limit.
    async fn keep_if_room(&self, member: &MemberRow, returned: bool) -> Result<Joined> {
        let (room, user) = (&member.room, &member.user);
        if self.count_members(room, MEMBERS_PER_ROOM).await? <= MEMBERS_PER_ROOM {
            self.mark_if_reachable(room, user).await?;
            return Ok(Joined::New);
        }
        match returned {
            true => drop(self.remove_member(room, user, member.joined_at).await?),
            false => {
                let filter = current(doc! { "user": user, "room": room });
                self.members().delete_one(filter).await?;
            }
        }
        Ok(Joined::RoomFull)
    }

    /// The slots of a person, and what they have of one room.
    async fn held(&self, user: &str, room: &str) -> Result<Vec<Held>> {
        let filter = doc! { "user": user, "$or": [{ "slot": { "$gte": 0 } }, { "room": room }] };
        Ok(self
            .collection::<Held>("members")
            .find(filter)
            .projection(doc! { "_id": 0, "room": 1, "slot": 1 })
            .await?
            .try_collect()
            .await?)
    }

    async fn take_slot(
        &self,
        member: &MemberRow,
        slot: i32,
        returns: bool,
    ) -> mongodb::error::Result<bool> {
        let rows = self.collection::<Document>("members");
        let mut row = mongodb::bson::serialize_to_document(member)?;
        row.insert("slot", slot);
        if !returns {
            rows.insert_one(row).await?;
            return Ok(true);
        }
        // What they had read before they left stays read.
        row.remove("read_seq");
        let ended = doc! {
            "user": &member.user,
            "room": &member.room,
            "slot": { "$exists": false },
        };
        let update = doc! { "$set": row, "$unset": { "left_at": "", "owner_since": "" } };
        Ok(rows.update_one(ended, update).await?.matched_count == 1)
    }

    /// Ends a membership and returns its row as it was.
    pub async fn remove_member(
        &self,
        room: &str,
        user: &str,
        now: Timestamp,
    ) -> Result<Option<MemberRow>> {
        let filter = current(doc! { "user": user, "room": room });
        let update = doc! { "$unset": { "slot": "" }, "$set": { "left_at": now.as_millis() } };
        Ok(self.members().find_one_and_update(filter, update).await?)
    }

    /// Whether a person is a member.
    pub async fn is_member(&self, room: &str, user: &str) -> Result<bool> {
        let filter = current(doc! { "user": user, "room": room });
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
            .find(current(doc! { "room": room }))
            .sort(doc! { "joined_at": 1 })
            .await?
            .try_collect()
            .await?)
    }

    /// How many members a room has, counted no further than `most + 1`.
    pub async fn count_members(&self, room: &str, most: u64) -> Result<u64> {
        Ok(self
            .members()
            .count_documents(current(doc! { "room": room }))
            .limit(most + 1)
            .await?)
    }

    /// How many of these people are members.
    pub async fn count_members_among(&self, room: &str, users: &[&str]) -> Result<u64> {
        if users.is_empty() {
            return Ok(0);
        }
        let filter = current(doc! { "room": room, "user": { "$in": users } });
        Ok(self.members().count_documents(filter).await?)
    }

    /// How many rooms a person is in.
    pub async fn count_rooms(&self, user: &str) -> Result<u64> {
        Ok(self
            .members()
            .count_documents(current(doc! { "user": user }))
            .await?)
    }

    /// The ids of the rooms that a person is in.
    pub async fn room_ids_of(&self, user: &str) -> Result<Vec<String>> {
        let held: Vec<Held> = self
            .collection::<Held>("members")
            .find(current(doc! { "user": user }))
            .projection(doc! { "_id": 0, "room": 1 })
            .await?
            .try_collect()
            .await?;
        Ok(held.into_iter().map(|row| row.room).collect())
    }

    /// The rooms of a person with at most `most` members, with their sizes, the
    /// smallest first.
    pub async fn room_sizes(&self, user: &str, most: u64) -> Result<Vec<(String, u64)>> {
        #[derive(Deserialize)]
        struct Sized {
            room: String,
            size: i64,
        }
        let pipeline = vec![
            doc! { "$match": current(doc! { "user": user }) },
            doc! { "$lookup": {
                "from": "members",
                "localField": "room",
                "foreignField": "room",
                "pipeline": [
                    { "$match": current(doc! {}) },
                    { "$limit": most as i64 + 1 },
                    { "$project": { "_id": 1 } },
                ],
                "as": "members",
            } },
            doc! { "$project": { "_id": 0, "room": 1, "size": { "$size": "$members" } } },
        ];
        let sizes: Vec<Sized> = self
            .collection::<Document>("members")
            .aggregate(pipeline)
            .with_type::<Sized>()
            .await?
            .try_collect()
            .await?;
        let sizes = sizes.into_iter().map(|one| (one.room, one.size as u64));
        let mut sizes: Vec<_> = sizes.filter(|(_, size)| *size <= most).collect();
        sizes.sort_unstable_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        Ok(sizes)
    }

    /// Those of `others` who are in a room with `user`.
    pub async fn acquaintances(&self, user: &str, others: &[String]) -> Result<Vec<String>> {
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let rooms = self.room_ids_of(user).await?;
        let shared = current(doc! { "user": { "$in": others }, "room": { "$in": rooms } });
        let shared: Vec<MemberRow> = self.members().find(shared).await?.try_collect().await?;
        let mut users: Vec<String> = shared.into_iter().map(|member| member.user).collect();
        users.sort_unstable();
        users.dedup();
        Ok(users)
    }

    /// The rooms that a person is in.
    pub async fn memberships_of(&self, user: &str) -> Result<Vec<Membership>> {
        self.memberships(user, doc! { "user": user }).await
    }

    /// Rooms as lists show them: direct ones with who is online.
    pub async fn listed(&self, memberships: &[Membership], now: Timestamp) -> Result<Vec<Room>> {
        let mut rooms: Vec<Room> = memberships.iter().map(Membership::room).collect();
        let pairs = || memberships.iter().filter_map(|one| one.pair.as_ref());
        let mut users: Vec<String> = pairs().flatten().map(|one| one.user.clone()).collect();
        users.sort_unstable();
        users.dedup();
        if users.is_empty() {
            return Ok(rooms);
        }
        let present = self.present_of(&users, now).await?;
        let present: BTreeSet<String> = present.into_iter().map(|user| user.id).collect();
        for room in &mut rooms {
            room.online = room.members.as_ref().map(|members| {
                let ids = members.iter().map(|member| &member.user.id);
                ids.filter(|id| present.contains(*id)).cloned().collect()
            });
        }
        Ok(rooms)
    }

    /// One room as one of its members sees it.
    pub async fn membership(&self, room: &str, user: &str) -> Result<Option<Membership>> {
        let filter = doc! { "user": user, "room": room };
        let found = self.memberships(user, filter).await?;
        Ok(found.into_iter().next())
    }

    /// Moves a person's read mark forward, and returns whether it moved.
    pub async fn mark_read(
        &self,
        room: &str,
        user: &str,
        seq: i64,
        now: Timestamp,
    ) -> Result<bool> {
        let filter = current(doc! { "user": user, "room": room, "read_seq": { "$lt": seq } });
        let moved = self
            .members()
            .find_one_and_update(
                filter,
                doc! { "$set": { "read_seq": seq, "read_at": now.as_millis() } },
            )
            .return_document(ReturnDocument::After)
            .await?;
        Ok(moved.is_some())
    }

    /// The read marks of a person that moved at `since` or later, by room.
    pub async fn marks_read_since(&self, user: &str, since: Timestamp) -> Result<Vec<MemberRow>> {
        let filter = current(doc! { "user": user, "read_at": { "$gte": since.as_millis() } });
        Ok(self.members().find(filter).await?.try_collect().await?)
    }

    async fn memberships(&self, user: &str, filter: Document) -> Result<Vec<Membership>> {
        let pipeline = vec![
            doc! { "$match": current(filter) },
            doc! { "$lookup": {
                "from": "rooms",
                "localField": "room",
                "foreignField": "_id",
                "as": "room_row",
            } },
            doc! { "$unwind": "$room_row" },
            doc! { "$lookup": {
                "from": "messages",
                "localField": "room",
                "foreignField": "room",
                "pipeline": [
                    { "$sort": { "seq": -1 } },
                    { "$limit": 1 },
                    { "$project": {
                        "_id": 0, "seq": 1, "sender": 1, "name": 1, "text": 1, "at": 1,
                    } },
                ],
                "as": "newest",
            } },
            doc! { "$lookup": {
                "from": "changes",
                "localField": "room",
                "foreignField": "room",
                "pipeline": [
                    { "$sort": { "rev": -1 } },
                    { "$limit": 1 },
                    { "$project": { "_id": 0, "rev": 1 } },
                ],
                "as": "newest_change",
            } },
        ];
        let mut memberships: Vec<Membership> = self
            .collection::<Document>("members")
            .aggregate(pipeline)
            // A message that could still be rolled back is not shown.
            .read_concern(ReadConcern::majority())
            .with_type::<Membership>()
            .await?
            .try_collect()
            .await?;
        self.set_pairs(user, &mut memberships).await?;
        Ok(memberships)
    }

    /// Gives direct rooms their members, and the name of the other person, also of
    /// one who has left.
    async fn set_pairs(&self, user: &str, memberships: &mut [Membership]) -> Result<()> {
        let mut direct: BTreeMap<String, &mut Membership> = memberships
            .iter_mut()
            .filter(|one| one.room_row.kind == RoomKind::Direct)
            .map(|one| (one.room_row.id.clone(), one))
            .collect();
        if direct.is_empty() {
            return Ok(());
        }
        let rooms: Vec<&String> = direct.keys().collect();
        let rows: Vec<OfPair> = self
            .collection::<OfPair>("members")
            .find(doc! { "room": { "$in": rooms } })
            .sort(doc! { "joined_at": 1 })
            .await?
            .try_collect()
            .await?;
        for OfPair { member, slot } in rows {
            let Some(membership) = direct.get_mut(&member.room) else {
                continue;
            };
            if member.user != user {
                membership.member.title = Some(member.name.clone());
            }
            let pair = membership.pair.get_or_insert_default();
            if slot.is_some() {
                pair.push(member);
            }
        }
        Ok(())
    }

    pub(crate) fn members(&self) -> mongodb::Collection<MemberRow> {
        self.collection("members")
    }
}
