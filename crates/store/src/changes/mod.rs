//! Changes of messages: a second log of each room, appended in order and once
//! only, as messages are.
//!
//! A change is inserted at `rev + 1` by one aggregate that first finds the newest
//! `rev` and then what the change depends on. The insertion succeeds only if no
//! other change came in between, so that limits hold exactly, and no edit follows
//! a deletion. Edits, deletions and pins are folded into their message afterwards.

mod of_room;
mod verdict;

use domain::limits::CHANGES_REPLAYED;
use domain::{ClientMessageId, Timestamp};
use futures_util::TryStreamExt;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::ReadConcern;
use protocol::change::CHANGES;
use protocol::http::Version;
use protocol::{Change, ChangeKind, User};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::append::{self, Rounds};
use crate::connections::{SUBSCRIBERS_PER_BATCH, Subscriber, still_members};
use crate::error::{Error, Result, is_duplicate};

use verdict::{IN_EFFECT, verdict};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChangeRow {
    room: String,
    pub(crate) rev: i64,
    #[serde(default)]
    pub(crate) seq: Option<i64>,
    by: String,
    /// The author's name when the change was made.
    name: String,
    /// Of a change of the room's name: the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    new_name: Option<String>,
    at: Timestamp,
    #[serde(flatten)]
    kind: ChangeKind,
    /// Of an edit or a deletion: how many edits the message has with it.
    #[serde(default)]
    edits: i64,
}

/// A change with its `_id`.
#[derive(Deserialize)]
struct Stored {
    #[serde(rename = "_id")]
    id: ObjectId,
    #[serde(flatten)]
    row: ChangeRow,
}

impl ChangeRow {
    pub(crate) fn room(&self) -> &str {
        &self.room
    }

    pub(crate) fn is_reaction(&self) -> bool {
        matches!(self.kind, ChangeKind::React { .. })
    }

    /// Whether the row of its message contains it.
    pub(crate) fn is_folded(&self, folded: Folded) -> bool {
        match self.kind {
            ChangeKind::Edit { .. } | ChangeKind::Delete => self.rev <= folded.text,
            ChangeKind::Pin { .. } => self.rev <= folded.pin,
            ChangeKind::React { .. }
            | ChangeKind::Room { .. }
            | ChangeKind::Member { .. }
            | ChangeKind::Unknown => false,
        }
    }
}

impl From<ChangeRow> for Change {
    fn from(row: ChangeRow) -> Self {
        let mut kind = row.kind;
        if let ChangeKind::Room { name, .. } = &mut kind {
            // In the row, `name` is the author's.
            *name = row.new_name;
        }
        Self {
            room: row.room,
            rev: row.rev,
            seq: row.seq,
            by: User {
                id: row.by,
                name: row.name,
            },
            at: row.at,
            kind,
        }
    }
}

/// The newest changes that the row of a message contains.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folded {
    /// The newest edit or deletion.
    pub(crate) text: i64,
    pub(crate) pin: i64,
}

/// A change before it has a `rev`.
pub struct ChangeDraft<'a> {
    pub room: &'a str,
    pub seq: i64,
    pub by: &'a User,
    /// The id that the author's client made.
    pub id: &'a ClientMessageId,
    pub kind: &'a ChangeKind,
    /// Messages that were stored earlier cannot be edited.
    pub edits_since: Timestamp,
}

/// What became of a change.
#[derive(Debug)]
pub enum Changed {
    /// It is durable, and these sockets receive it.
    New(Change, Vec<Subscriber>),
    /// It was sent before, and this is what was stored.
    Duplicate(Change),
    /// What it asks for is so already.
    InEffect,
    /// Nothing was stored.
    Refused(Refusal),
}

/// Why a change is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The author was not a member at that moment.
    NotMember,
    /// No message has this `seq`.
    UnknownMessage,
    Deleted,
    /// The message is another person's.
    NotYours,
    /// The message was stored before the time for edits.
    TooOld,
    TooManyVersions,
    TooManyReactions,
    TooManyPins,
}

impl Store {
    /// Appends a change to a room, if its author may make it. One operation reads
    /// what it depends on and inserts; a second one reads the sockets that
    /// receive it; all but a reaction are folded by a third. An insert whose reply
    /// was lost is repeated as for a message.
    pub async fn append_change(&self, draft: &ChangeDraft<'_>, now: Timestamp) -> Result<Changed> {
        let id = ObjectId::new();
        let mut rounds = Rounds::begin();
        for _ in 0..append::ROUNDS {
            match self.insert_next_change(draft, id, now).await {
                Ok(()) => return self.inserted_change(draft, id, rounds.concern()).await,
                Err(error) if is_duplicate(&error) => {}
                Err(error) => {
                    rounds.retry(error).await?;
                    continue;
                }
            }
            match self.changed_before(draft).await? {
                Some(stored) if stored.id == id => {
                    let concern = ReadConcern::majority();
                    return self.inserted_change(draft, id, concern).await;
                }
                Some(stored) => return self.again(stored.row).await,
                None => rounds.taken(self.newest_rev(draft.room).await?).await,
            }
        }
        Err(Error::busy())
    }

    /// Inserts a change after the newest. A change that is refused has no input
    /// and inserts nothing.
    async fn insert_next_change(
        &self,
        draft: &ChangeDraft<'_>,
        id: ObjectId,
        now: Timestamp,
    ) -> mongodb::error::Result<()> {
        let mut row = doc! {
            "_id": { "$literal": id },
            "room": 1,
            "rev": { "$add": [{ "$ifNull": [{ "$max": "$newest.rev" }, 0_i64] }, 1_i64] },
            "seq": { "$literal": draft.seq },
            "by": { "$literal": &draft.by.id },
            "name": { "$literal": &draft.by.name },
            "client_id": { "$literal": draft.id.as_str() },
            "at": { "$literal": now.as_millis() },
        };
        for (name, value) in mongodb::bson::serialize_to_document(draft.kind)? {
            row.insert(name, doc! { "$literal": value });
        }
        if *draft.kind == ChangeKind::Delete {
            row.insert("edits", "$edits");
        }
        if matches!(draft.kind, ChangeKind::Edit { .. }) {
            row.insert("edits", doc! { "$add": ["$edits", 1_i64] });
            // The first edit keeps what the message said before.
            let original = doc! { "$first": "$message.text" };
            let is_first = doc! { "$eq": ["$edits", 0_i64] };
            row.insert(
                "original",
                doc! { "$cond": [is_first, original, "$$REMOVE"] },
            );
        }
        let mut pipeline = verdict(draft);
        pipeline.extend([
            doc! { "$match": { "refusal": null } },
            doc! { "$project": row },
            doc! { "$merge": {
                "into": "changes",
                "on": "_id",
                "whenMatched": "fail",
                "whenNotMatched": "insert",
            } },
        ]);
        self.collection::<Document>("members")
            .aggregate(pipeline)
            // See `newest_seq`.
            .read_concern(ReadConcern::majority())
            .await?;
        Ok(())
    }

    /// The change that was inserted with this `_id`, and the sockets that receive it.
    async fn inserted_change(
        &self,
        draft: &ChangeDraft<'_>,
        id: ObjectId,
        concern: ReadConcern,
    ) -> Result<Changed> {
        #[derive(Deserialize)]
        struct Inserted {
            #[serde(flatten)]
            row: ChangeRow,
            subscriber: Option<Subscriber>,
        }
        let mut of_members = vec![doc! { "$match": { "understands": CHANGES } }];
        of_members.extend(still_members(&[draft.room.to_owned()]));
        of_members.push(doc! { "$project": { "user": 1 } });
        let pipeline = vec![
            doc! { "$match": { "_id": id } },
            doc! { "$lookup": {
                "from": "connections",
                "localField": "room",
                "foreignField": "rooms",
                "pipeline": of_members,
                "as": "subscriber",
            } },
            doc! { "$unwind": { "path": "$subscriber", "preserveNullAndEmptyArrays": true } },
        ];
        let inserted: Vec<Inserted> = self
            .collection::<Document>("changes")
            .aggregate(pipeline)
            .batch_size(SUBSCRIBERS_PER_BATCH)
            .read_concern(concern)
            .with_type::<Inserted>()
            .await?
            .try_collect()
            .await?;
        let Some(Inserted { row, .. }) = inserted.first() else {
            return self.not_inserted(draft).await;
        };
        self.fold(row).await?;
        let change = Change::from(row.clone());
        let subscribers = inserted.into_iter().filter_map(|one| one.subscriber);
        Ok(Changed::New(change, subscribers.collect()))
    }

    /// Why nothing was inserted.
    async fn not_inserted(&self, draft: &ChangeDraft<'_>) -> Result<Changed> {
        #[derive(Deserialize)]
        struct Verdict {
            refusal: Option<String>,
        }
        let found: Vec<Verdict> = self
            .collection::<Document>("members")
            .aggregate(verdict(draft))
            .read_concern(ReadConcern::majority())
            .with_type::<Verdict>()
            .await?
            .try_collect()
            .await?;
        let Some(verdict) = found.into_iter().next() else {
            return Ok(Changed::Refused(Refusal::NotMember));
        };
        // A change that is sent again may be refused by now, such as an edit of a
        // message that was deleted since.
        if let Some(stored) = self.changed_before(draft).await? {
            return self.again(stored.row).await;
        }
        match verdict.refusal.as_deref() {
            Some(IN_EFFECT) => Ok(Changed::InEffect),
            Some(refusal) => {
                let refusal = mongodb::bson::deserialize_from_bson(Bson::from(refusal));
                Ok(Changed::Refused(
                    refusal.map_err(mongodb::error::Error::from)?,
                ))
            }
            // It was refused a moment ago, and would not be now.
            None => Err(Error::busy()),
        }
    }

    /// A change that was stored before: the function may have died before it was folded.
    async fn again(&self, stored: ChangeRow) -> Result<Changed> {
        self.fold(&stored).await?;
        Ok(Changed::Duplicate(stored.into()))
    }

    async fn changed_before(&self, draft: &ChangeDraft<'_>) -> Result<Option<Stored>> {
        let filter = doc! {
            "room": draft.room,
            "by": &draft.by.id,
            "client_id": draft.id.as_str(),
        };
        Ok(self
            .collection::<Stored>("changes")
            .find_one(filter)
            .read_concern(ReadConcern::majority())
            .await?)
    }

    /// Folds a change into its message. Repeating it changes nothing, in any order:
    /// an older edit does not replace a newer one, and nothing follows a deletion.
    pub(crate) async fn fold(&self, change: &ChangeRow) -> Result<()> {
        let Some(seq) = change.seq else {
            return Ok(());
        };
        let older = |field: &str| {
            doc! { "$or": [
                { field: { "$exists": false } },
                { field: { "$lt": change.rev } },
            ] }
        };
        let mut filter = doc! {
            "room": &change.room,
            "seq": seq,
            "deleted_at": { "$exists": false },
        };
        let update = match &change.kind {
            ChangeKind::Edit { text } if !text.is_empty() => {
                filter.extend(older("folded"));
                doc! { "$set": {
                    "text": text,
                    "edited_at": change.at.as_millis(),
                    "edits": change.edits,
                    "folded": change.rev,
                } }
            }
            ChangeKind::Pin { on } => {
                filter.extend(older("pin_rev"));
                let mut update = doc! { "$set": { "pin_rev": change.rev } };
                match on {
                    true => update.insert("$max", doc! { "pinned_at": change.at.as_millis() }),
                    false => update.insert("$unset", doc! { "pinned_at": "" }),
                };
                update
            }
            ChangeKind::Delete => doc! {
                "$set": {
                    "text": "",
                    "deleted_at": change.at.as_millis(),
                    "deleted_by": { "id": &change.by, "name": &change.name },
                    "folded": change.rev,
                },
                "$unset": {
                    "edited_at": "", "edits": "", "pinned_at": "", "reply_to": "", "mentions": "",
                },
            },
            _ => return Ok(()),
        };
        self.messages().update_one(filter, update).await?;
        if change.kind == ChangeKind::Delete && change.edits > 0 {
            let edits = doc! { "room": &change.room, "seq": seq, "kind": "edit" };
            let wiped = doc! { "$unset": { "text": "", "original": "" } };
            self.changes().update_many(edits, wiped).await?;
        }
        Ok(())
    }

    /// The newest `rev` of a room that a majority has, 0 in a room without changes.
    async fn newest_rev(&self, room: &str) -> Result<i64> {
        #[derive(Deserialize)]
        struct Rev {
            rev: i64,
        }
        let newest = self
            .collection::<Rev>("changes")
            .find_one(doc! { "room": room })
            .sort(doc! { "rev": -1 })
            .projection(doc! { "_id": 0, "rev": 1 })
            .read_concern(ReadConcern::majority())
            .await?;
        Ok(newest.map_or(0, |newest| newest.rev))
    }

    /// Up to `limit` changes after `rev`, oldest first.
    pub async fn changes_after(&self, room: &str, rev: i64, limit: u32) -> Result<Vec<Change>> {
        let rows: Vec<ChangeRow> = self
            .changes()
            .find(doc! { "room": room, "rev": { "$gt": rev } })
            .sort(doc! { "rev": 1 })
            .limit(i64::from(limit))
            .read_concern(ReadConcern::majority())
            .await?
            .try_collect()
            .await?;
        Ok(rows.into_iter().map(Change::from).collect())
    }

    /// The changes after `rev`, or `None` if there are more than
    /// [`CHANGES_REPLAYED`] of them.
    pub async fn changes_to_replay(&self, room: &str, rev: i64) -> Result<Option<Vec<Change>>> {
        let changes = self.changes_after(room, rev, CHANGES_REPLAYED + 1).await?;
        Ok((changes.len() <= CHANGES_REPLAYED as usize).then_some(changes))
    }

    /// The change with this `rev`.
    pub async fn change_at(&self, room: &str, rev: i64) -> Result<Option<Change>> {
        let found = self.changes_after(room, rev - 1, 1).await?;
        Ok(found.into_iter().find(|change| change.rev == rev))
    }

    /// The changes of the messages from `first` to `last`, oldest first within a
    /// message. The texts of edits are left out.
    pub(crate) async fn changes_of_messages(
        &self,
        room: &str,
        first: i64,
        last: i64,
    ) -> Result<Vec<ChangeRow>> {
        Ok(self
            .changes()
            .find(doc! { "room": room, "seq": { "$gte": first, "$lte": last } })
            .sort(doc! { "seq": 1, "rev": 1 })
            .projection(doc! { "_id": 0, "text": 0, "original": 0, "client_id": 0 })
            .read_concern(ReadConcern::majority())
            .await?
            .try_collect()
            .await?)
    }

    /// What a message said before each of its edits, oldest first, of which a
    /// deletion leaves nothing; `None` for a message that does not exist.
    pub async fn versions(&self, room: &str, seq: i64) -> Result<Option<Vec<Version>>> {
        #[derive(Deserialize)]
        struct Edit {
            by: String,
            name: String,
            at: Timestamp,
            text: Option<String>,
            original: Option<String>,
        }
        let Some(message) = self.message_at(room, seq).await? else {
            return Ok(None);
        };
        let edits: Vec<Edit> = self
            .collection::<Edit>("changes")
            .find(doc! { "room": room, "seq": seq, "kind": "edit" })
            .sort(doc! { "seq": 1, "rev": 1 })
            .read_concern(ReadConcern::majority())
            .await?
            .try_collect()
            .await?;
        if message.deleted.is_some() {
            return Ok(Some(Vec::new()));
        }
        let mut versions = Vec::new();
        for edit in edits {
            if let Some(text) = edit.original {
                versions.push(Version {
                    text,
                    by: message.from.clone(),
                    at: message.at,
                });
            }
            versions.extend(edit.text.map(|text| Version {
                text,
                by: User {
                    id: edit.by,
                    name: edit.name,
                },
                at: edit.at,
            }));
        }
        // The newest edit made the current text.
        versions.pop();
        Ok(Some(versions))
    }

    pub(crate) fn changes(&self) -> mongodb::Collection<ChangeRow> {
        self.collection("changes")
    }
}
