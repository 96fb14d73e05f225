//! The messages of a room, by pages, as one of its members sees them: with their
//! reactions and quotes.

use std::collections::BTreeMap;

use domain::changes::{apply, quote};
use domain::history::{Cursor, PageQuery};
use domain::limits::PINS_PER_ROOM;
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use protocol::{Change, Message, Quote};

use crate::Store;
use crate::changes::ChangeRow;
use crate::error::Result;
use crate::messages::MessageRow;

impl Store {
    /// The message with this `seq`, without reactions.
    pub async fn message_at(&self, room: &str, seq: i64) -> Result<Option<Message>> {
        let rows = self.ascending(doc! { "room": room, "seq": seq }, 1).await?;
        let mut messages = rows
            .into_iter()
            .map(|row| (row.reply_to, Message::from(row)));
        let Some((reply_to, mut message)) = messages.next() else {
            return Ok(None);
        };
        if let Some(seq) = reply_to {
            message.reply_to = self.quotes(room, &[seq]).await?.remove(&seq);
        }
        Ok(Some(message))
    }

    /// Up to `limit` messages after `seq`, oldest first, as `viewer` sees them.
    pub async fn messages_after(
        &self,
        room: &str,
        seq: i64,
        limit: u32,
        viewer: &str,
    ) -> Result<Vec<Message>> {
        let query = PageQuery {
            cursor: Cursor::After(seq),
            limit,
        };
        self.page(room, query, viewer).await
    }

    /// One page of a room's history, oldest first, as `viewer` sees it.
    pub async fn page(&self, room: &str, query: PageQuery, viewer: &str) -> Result<Vec<Message>> {
        let rows = self.rows(room, query).await?;
        self.shown(room, rows, viewer).await
    }

    async fn rows(&self, room: &str, query: PageQuery) -> Result<Vec<MessageRow>> {
        let PageQuery { cursor, limit } = query;
        match cursor {
            Cursor::Newest => self.descending(doc! { "room": room }, limit).await,
            Cursor::Before(seq) => {
                let filter = doc! { "room": room, "seq": { "$lt": seq } };
                self.descending(filter, limit).await
            }
            Cursor::After(seq) => {
                let filter = doc! { "room": room, "seq": { "$gt": seq } };
                self.ascending(filter, limit).await
            }
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

    async fn ascending(&self, filter: Document, limit: u32) -> Result<Vec<MessageRow>> {
        self.found(filter, doc! { "seq": 1 }, limit).await
    }

    async fn descending(&self, filter: Document, limit: u32) -> Result<Vec<MessageRow>> {
        let mut messages = self.found(filter, doc! { "seq": -1 }, limit).await?;
        messages.reverse();
        Ok(messages)
    }

    async fn found(&self, filter: Document, sort: Document, limit: u32) -> Result<Vec<MessageRow>> {
        if limit == 0 {
            // MongoDB reads a limit of 0 as unlimited.
            return Ok(Vec::new());
        }
        Ok(self
            .messages()
            .find(filter)
            .sort(sort)
            .limit(i64::from(limit))
            .await?
            .try_collect()
            .await?)
    }

    /// The pinned messages of a room, the newest pin first.
    pub async fn pins(&self, room: &str) -> Result<Vec<Quote>> {
        let filter = doc! { "room": room, "pinned_at": { "$gt": 0 } };
        let newest_first = doc! { "pinned_at": -1, "seq": -1 };
        let messages = self.messages();
        let found = messages.find(filter).sort(newest_first);
        let rows: Vec<MessageRow> = found.limit(PINS_PER_ROOM).await?.try_collect().await?;
        let messages = rows.into_iter().map(Message::from);
        Ok(messages.map(|message| quote(&message)).collect())
    }

    /// Adds the reactions of consecutive messages by one range query, and the
    /// quotes of replies. An edit or a deletion that was not folded, because a
    /// function died, is folded here.
    async fn shown(&self, room: &str, rows: Vec<MessageRow>, viewer: &str) -> Result<Vec<Message>> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(Vec::new());
        };
        let changes = self.changes_of_messages(room, first.seq, last.seq).await?;
        let quoted: Vec<i64> = rows.iter().filter_map(|row| row.reply_to).collect();
        let quotes = self.quotes(room, &quoted).await?;
        let mut changes = changes.into_iter().peekable();
        let mut messages = Vec::with_capacity(rows.len());
        for row in rows {
            let (seq, folded, reply_to) = (row.seq, row.folded(), row.reply_to);
            let mut message = Message::from(row);
            message.reply_to = reply_to.and_then(|seq| quotes.get(&seq).cloned());
            while let Some(change) = changes.next_if(|change| change.seq <= Some(seq)) {
                if change.is_folded(folded) {
                    message.rev = Some(change.rev);
                } else {
                    let change = self.unfolded(change).await?;
                    apply(&mut message, &change, viewer);
                }
            }
            messages.push(message);
        }
        Ok(messages)
    }

    /// A change that is not in its message's row.
    async fn unfolded(&self, row: ChangeRow) -> Result<Change> {
        if row.is_reaction() {
            return Ok(row.into());
        }
        // The range query leaves out the texts.
        let filter = doc! { "room": row.room(), "rev": row.rev };
        let whole = self.changes().find_one(filter).await?.unwrap_or(row);
        self.fold(&whole).await?;
        Ok(whole.into())
    }

    /// What replies to these messages show.
    pub async fn quotes(&self, room: &str, seqs: &[i64]) -> Result<BTreeMap<i64, Quote>> {
        if seqs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows: Vec<MessageRow> = self
            .messages()
            .find(doc! { "room": room, "seq": { "$in": seqs } })
            .await?
            .try_collect()
            .await?;
        let messages = rows.into_iter().map(Message::from);
        Ok(messages
            .map(|message| (message.seq, quote(&message)))
            .collect())
    }
}
