//! The messages of a room, by pages.

use domain::history::{Cursor, PageQuery};
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use protocol::Message;

use crate::Store;
use crate::error::Result;
use crate::messages::MessageRow;

impl Store {
    /// The message with this `seq`.
    pub async fn message_at(&self, room: &str, seq: i64) -> Result<Option<Message>> {
        let found = self.ascending(doc! { "room": room, "seq": seq }, 1).await?;
        Ok(found.into_iter().next())
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
                // Near an end of the room one side is short, and the other fills up.
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
            // MongoDB reads a limit of 0 as unlimited.
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
}
