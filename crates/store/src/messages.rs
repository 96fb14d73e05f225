//! Messages, appended in order and once only.
//!
//! Two unique indexes guarantee both: (room, seq) and (room, sender, client id).
//! Nothing can take `n + 1` before `n` exists, so there are no holes, and neither
//! a counter nor a transaction is needed.

use domain::{ClientMessageId, MessageText, Timestamp};
use futures_util::TryStreamExt;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use mongodb::options::ReadConcern;
use protocol::{Deletion, Message, Quote, User};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::append::{self, Rounds};
use crate::changes::Folded;
use crate::connections::{SUBSCRIBERS_PER_BATCH, Subscriber, still_members};
use crate::error::{Error, Result, is_duplicate};
use crate::members::current;

#[derive(Serialize, Deserialize)]
pub(crate) struct MessageRow {
    room: String,
    pub(crate) seq: i64,
    sender: String,
    /// The sender's name when the message was sent.
    name: String,
    client_id: String,
    /// Empty once it is deleted.
    text: String,
    at: Timestamp,
    /// The `seq` of the message that it answers.
    #[serde(default)]
    pub(crate) reply_to: Option<i64>,
    #[serde(default)]
    mentions: Vec<String>,
    #[serde(default)]
    edited_at: Option<Timestamp>,
    #[serde(default)]
    edits: u32,
    /// The newest edit or deletion that the row contains.
    #[serde(default)]
    folded: i64,
    /// The newest pin that the row contains.
    #[serde(default)]
    pin_rev: i64,
    #[serde(default)]
    deleted_at: Option<Timestamp>,
    #[serde(default)]
    deleted_by: Option<User>,
    #[serde(default)]
    pinned_at: Option<Timestamp>,
}

/// A message with its `_id`.
#[derive(Deserialize)]
struct Stored {
    #[serde(rename = "_id")]
    id: ObjectId,
    #[serde(flatten)]
    row: MessageRow,
}

impl MessageRow {
    pub(crate) fn folded(&self) -> Folded {
        Folded {
            text: self.folded,
            pin: self.pin_rev,
        }
    }
}

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        let deleted = row.deleted_at.zip(row.deleted_by);
        Self {
            room: row.room,
            seq: row.seq,
            id: row.client_id,
            from: User {
                id: row.sender,
                name: row.name,
            },
            text: row.text,
            at: row.at,
            rev: None,
            edited_at: row.edited_at,
            edits: row.edits,
            deleted: deleted.map(|(at, by)| Deletion { at, by }),
            reactions: Vec::new(),
            pinned: row.pinned_at.is_some(),
            reply_to: None,
            mentions: row.mentions,
        }
    }
}

/// What became of a message.
#[derive(Debug)]
pub enum Appended {
    /// It is durable.
    New(Message, Audience),
    /// It was sent before, and this is what was stored.
    Duplicate(Message),
    /// The sender was not a member at that moment.
    NotMember,
}

/// Whom a new message is delivered to.
#[derive(Debug, Default)]
pub struct Audience {
    pub subscribers: Vec<Subscriber>,
    /// Whether another member has a device that may have to be notified.
    pub has_devices: bool,
}

/// A message before it has a `seq`.
pub struct Draft<'a> {
    pub room: &'a str,
    pub from: &'a User,
    /// The id that the sender's client made.
    pub id: &'a ClientMessageId,
    pub text: &'a MessageText,
    /// The message that it answers.
    pub reply_to: Option<Quote>,
    /// Ids of members.
    pub mentions: &'a [String],
}

/// The stage that finds the newest message of a `room` as `newest`.
fn newest() -> Document {
    doc! { "$lookup": {
        "from": "messages",
        "localField": "room",
        "foreignField": "room",
        "pipeline": [
            { "$sort": { "seq": -1 } },
            { "$limit": 1 },
            { "$project": { "_id": 0, "seq": 1 } },
        ],
        "as": "newest",
    } }
}

impl Store {
    /// Appends to a room, if the sender is a member of it. One operation reads the
    /// membership and the newest `seq` and inserts; a second one reads the room's
    /// subscribers. A socket that is not among them said `hello` after the insert,
    /// and its replay has the message.
    ///
    /// An insert whose reply was lost is repeated under the same `_id`, by which a
    /// message that this call stored is distinguished from an earlier one.
    pub async fn append(&self, draft: &Draft<'_>, now: Timestamp) -> Result<Appended> {
        let id = ObjectId::new();
        let mut rounds = Rounds::begin();
        for _ in 0..append::ROUNDS {
            match self.insert_next(draft, id, now).await {
                Ok(()) => return self.inserted(draft, id, now, rounds.concern()).await,
                Err(error) if is_duplicate(&error) => {}
                Err(error) => {
                    rounds.retry(error).await?;
                    continue;
                }
            }
            match self.sent_before(draft).await? {
                Some(stored) if stored.id == id => {
                    return self.inserted(draft, id, now, ReadConcern::majority()).await;
                }
                Some(stored) => return Ok(Appended::Duplicate(stored.row.into())),
                None => rounds.taken(self.newest_seq(draft.room).await?).await,
            }
        }
        Err(Error::busy())
    }

    /// Inserts a message after the newest. Without a membership the pipeline has
    /// no input and inserts nothing.
    async fn insert_next(
        &self,
        draft: &Draft<'_>,
        id: ObjectId,
        now: Timestamp,
    ) -> mongodb::error::Result<()> {
        let mut row = doc! {
            "_id": { "$literal": id },
            "room": 1,
            "seq": { "$add": [{ "$ifNull": [{ "$max": "$newest.seq" }, 0_i64] }, 1_i64] },
            "sender": { "$literal": &draft.from.id },
            "name": { "$literal": &draft.from.name },
            "client_id": { "$literal": draft.id.as_str() },
            "text": { "$literal": draft.text.as_str() },
            "at": { "$literal": now.as_millis() },
        };
        if let Some(quote) = &draft.reply_to {
            row.insert("reply_to", doc! { "$literal": quote.seq });
        }
        if !draft.mentions.is_empty() {
            row.insert("mentions", doc! { "$literal": draft.mentions });
        }
        let pipeline = vec![
            doc! { "$match": current(doc! { "user": &draft.from.id, "room": draft.room }) },
            newest(),
            doc! { "$project": row },
            doc! { "$merge": {
                "into": "messages",
                "on": "_id",
                "whenMatched": "fail",
                "whenNotMatched": "insert",
            } },
        ];
        self.collection::<Document>("members")
            .aggregate(pipeline)
            // See `newest_seq`.
            .read_concern(ReadConcern::majority())
            .await?;
        Ok(())
    }

    /// The message that was inserted with this `_id`, the room's subscribers, and whether
    /// another member has a device.
    async fn inserted(
        &self,
        draft: &Draft<'_>,
        id: ObjectId,
        now: Timestamp,
        concern: ReadConcern,
    ) -> Result<Appended> {
        #[derive(Deserialize)]
        struct Inserted {
            seq: i64,
            #[serde(default)]
            has_devices: bool,
            subscriber: Option<Subscriber>,
        }
        let mut of_members = still_members(&[draft.room.to_owned()]);
        of_members.push(doc! { "$project": { "user": 1 } });
        let others = current(doc! { "push": true, "user": { "$ne": &draft.from.id } });
        let pipeline = vec![
            doc! { "$match": { "_id": id } },
            doc! { "$project": { "_id": 0, "room": 1, "seq": 1 } },
            doc! { "$lookup": {
                "from": "connections",
                "localField": "room",
                "foreignField": "rooms",
                "pipeline": of_members,
                "as": "subscriber",
            } },
            doc! { "$lookup": {
                "from": "members",
                "localField": "room",
                "foreignField": "room",
                "pipeline": [
                    { "$match": others },
                    { "$limit": 1 },
                    { "$project": { "_id": 1 } },
                ],
                "as": "reachable",
            } },
            doc! { "$unwind": { "path": "$subscriber", "preserveNullAndEmptyArrays": true } },
            doc! { "$project": {
                "seq": 1,
                "subscriber": 1,
                "has_devices": { "$ne": ["$reachable", []] },
            } },
        ];
        let inserted: Vec<Inserted> = self
            .collection::<Document>("messages")
            .aggregate(pipeline)
            .batch_size(SUBSCRIBERS_PER_BATCH)
            .read_concern(concern)
            .with_type::<Inserted>()
            .await?
            .try_collect()
            .await?;
        let Some(Inserted {
            seq, has_devices, ..
        }) = inserted.first()
        else {
            return Ok(Appended::NotMember);
        };
        let has_devices = *has_devices;
        let message = Message {
            room: draft.room.to_owned(),
            seq: *seq,
            id: draft.id.as_str().to_owned(),
            from: draft.from.clone(),
            text: draft.text.as_str().to_owned(),
            at: now,
            reply_to: draft.reply_to.clone(),
            mentions: draft.mentions.to_vec(),
            ..Message::default()
        };
        let subscribers = inserted.into_iter().filter_map(|one| one.subscriber);
        let audience = Audience {
            subscribers: subscribers.collect(),
            has_devices,
        };
        Ok(Appended::New(message, audience))
    }

    /// The newest `seq` of a room that a majority has, 0 in an empty room. After
    /// one that is still rolled back the next would leave a hole.
    pub async fn newest_seq(&self, room: &str) -> Result<i64> {
        #[derive(Deserialize)]
        struct Seq {
            seq: i64,
        }
        let newest = self
            .collection::<Seq>("messages")
            .find_one(doc! { "room": room })
            .sort(doc! { "seq": -1 })
            .projection(doc! { "_id": 0, "seq": 1 })
            .read_concern(ReadConcern::majority())
            .await?;
        Ok(newest.map_or(0, |newest| newest.seq))
    }

    /// The stored message of the same sender and id. Read from the majority, so
    /// that no `ack` speaks of a write that could still be rolled back.
    async fn sent_before(&self, draft: &Draft<'_>) -> Result<Option<Stored>> {
        let filter = doc! {
            "room": draft.room,
            "sender": &draft.from.id,
            "client_id": draft.id.as_str(),
        };
        Ok(self
            .collection::<Stored>("messages")
            .find_one(filter)
            .read_concern(ReadConcern::majority())
            .await?)
    }

    pub(crate) fn messages(&self) -> mongodb::Collection<MessageRow> {
        self.collection("messages")
    }
}
