//! `read`: the sender's read mark in a room.

use domain::ValidationError;
use lambda::{ApiError, Result};
use protocol::ServerFrame;
use store::rooms::Membership;

use crate::typing::is_small;
use crate::{App, Reply, Sender, room_id};

/// Moves the mark forward, at most to the newest message.
pub(crate) async fn read(app: &App, sender: Sender, room: String, seq: i64) -> Reply {
    if seq < 0 {
        return Err(ValidationError::new("seq", "The number must not be negative.").into());
    }
    let membership = membership(app, &sender, &room).await?;
    let seq = seq.min(membership.last_seq);
    let person = sender.person;
    if app.store.mark_read(&room, &person.id, seq).await? && is_small(app, &room).await? {
        let frame = ServerFrame::Read {
            room: room.clone(),
            user: person,
            seq,
        };
        app.realtime
            .to_room(&room, &frame, &sender.connection, sender.now)
            .await?;
    }
    Ok(None)
}

async fn membership(app: &App, sender: &Sender, room: &str) -> Result<Membership> {
    let membership = app
        .store
        .membership(room_id(room)?, &sender.person.id)
        .await?;
    membership.ok_or(ApiError::UnknownRoom)
}
