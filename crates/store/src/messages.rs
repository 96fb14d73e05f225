//! Messages: in order and once only, by one insert.
//!
//! Two unique indexes do all of it: (room, seq) and (room, sender, client id).
//! Nothing can take `n + 1` before `n` exists, so there are no holes, no counter
//! and no transaction.

use std::time::Duration;

use domain::history::{Cursor, PageQuery};
use domain::{ClientMessageId, MessageText, Millis};
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::{ReadConcern, SelectionCriteria};
use serde::{Deserialize, Serialize};
use wire::{Message, User};

use crate::Store;
use crate::error::{Error, Result, is_duplicate};

/// How often a place in a room is tried for: each round somebody got one, so
/// this many senders at once are no trouble.
const APPEND_ROUNDS: u32 = 200;
/// The first wait for a write that is not settled yet; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(5);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_millis(80);

#[derive(Serialize, Deserialize)]
struct MessageRow {
    room: String,
    seq: i64,
    sender: String,
    /// The sender's name when it was said.
    name: String,
    client_id: String,
    text: String,
    at: Millis,
}

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
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
        }
    }
}

/// What became of a message.
#[derive(Debug)]
pub enum Appended {
    /// It is durable now.
    New(Message),
    /// It was sent before; this is the one that is kept.
    Already(Message),
}

/// Something to be said.
pub struct Draft<'a> {
    /// Where.
    pub room: &'a str,
    /// By whom.
    pub from: &'a User,
    /// The client's id.
    pub id: &'a ClientMessageId,
    /// What.
    pub text: &'a MessageText,
}

impl Store {
    /// Appends to a room whose newest `seq` is thought to be `last_seq`. Being
    /// wrong about it costs a round trip, never order.
    pub async fn append(&self, draft: &Draft<'_>, last_seq: i64, now: Millis) -> Result<Appended> {
        let mut last_seq = last_seq;
        let mut wait = FIRST_WAIT;
        for _ in 0..APPEND_ROUNDS {
            let row = MessageRow {
                room: draft.room.to_owned(),
                seq: last_seq + 1,
                sender: draft.from.id.clone(),
                name: draft.from.name.clone(),
                client_id: draft.id.as_str().to_owned(),
                text: draft.text.as_str().to_owned(),
                at: now,
            };
            match self.messages().insert_one(&row).await {
                Ok(_) => return Ok(Appended::New(row.into())),
                Err(error) if is_duplicate(&error) => {
                    if let Some(stored) = self.sent_before(draft).await? {
                        return Ok(Appended::Already(stored));
                    }
                    let newest = self.newest_seq(draft.room).await?;
                    if newest == last_seq {
                        // The same message is on its way to a majority, or a
                        // rollback is: neither can be told from here yet.
                        tokio::time::sleep(wait).await;
                        wait = (2 * wait).min(LONGEST_WAIT);
                    }
                    last_seq = newest;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::busy())
    }

    /// The newest `seq` of a room that a majority has, 0 when nothing was said.
    /// One that could still be rolled back must not be built upon: it would leave
    /// a hole.
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

    /// Up to `limit` messages after `seq`, oldest first.
    pub async fn messages_after(&self, room: &str, seq: i64, limit: u32) -> Result<Vec<Message>> {
        let filter = doc! { "room": room, "seq": { "$gt": seq } };
        self.ascending(filter, limit).await
    }

    /// One page of a room's history, oldest first.
    pub async fn page(&self, room: &str, query: PageQuery) -> Result<Vec<Message>> {
        let PageQuery { cursor, limit } = query;
        match cursor {
            Cursor::Newest => self.descending(doc! { "room": room }, limit).await,
            Cursor::Before(seq) => {
                let filter = doc! { "room": room, "seq": { "$lt": seq } };
                self.descending(filter, limit).await
            }
            Cursor::After(seq) => self.messages_after(room, seq, limit).await,
            Cursor::Around(seq) => {
                let before = doc! { "room": room, "seq": { "$lt": seq } };
                let from = doc! { "room": room, "seq": { "$gte": seq } };
                let half = limit / 2;
                let (mut before, mut from) =
                    tokio::try_join!(self.descending(before, limit), self.ascending(from, limit))?;
                // What one side lacks at an end of the room, the other may fill.
                let limit = limit as usize;
                let of_before = before
                    .len()
                    .min((half as usize).max(limit.saturating_sub(from.len())));
                from.truncate(limit - of_before);
                before.drain(..before.len() - of_before);
                before.append(&mut from);
                Ok(before)
            }
        }
    }

    async fn ascending(&self, filter: Document, limit: u32) -> Result<Vec<Message>> {
        self.found(filter, doc! { "seq": 1 }, limit).await
    }

    async fn descending(&self, filter: Document, limit: u32) -> Result<Vec<Message>> {
        let mut messages = self.found(filter, doc! { "seq": -1 }, limit).await?;
        messages.reverse();
        Ok(messages)
    }

    async fn found(&self, filter: Document, sort: Document, limit: u32) -> Result<Vec<Message>> {
        if limit == 0 {
            // To MongoDB a limit of 0 is none at all.
            return Ok(Vec::new());
        }
        let rows: Vec<MessageRow> = self
            .messages()
            .find(filter)
            .sort(sort)
            .limit(i64::from(limit))
            .await?
            .try_collect()
            .await?;
        Ok(rows.into_iter().map(Message::from).collect())
    }

    /// The stored message of the same sender and id. Read from the majority, so
    /// that no `ack` speaks of a write that could still be rolled back.
    async fn sent_before(&self, draft: &Draft<'_>) -> Result<Option<Message>> {
        let filter = doc! {
            "room": draft.room,
            "sender": &draft.from.id,
            "client_id": draft.id.as_str(),
        };
        Ok(self
            .messages()
            .find_one(filter)
            .read_concern(ReadConcern::majority())
            .selection_criteria(SelectionCriteria::ReadPreference(
                mongodb::options::ReadPreference::Primary,
            ))
            .await?
            .map(Message::from))
    }

    fn messages(&self) -> mongodb::Collection<MessageRow> {
        self.collection("messages")
    }
}
