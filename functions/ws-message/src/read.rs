//! `read`: the sender's read mark in a room.

use domain::ValidationError;
use lambda::{ApiError, Result};
use protocol::ServerFrame;
use store::members::Membership;

use crate::typing::is_small;
use crate::{App, Reply, Sender, room_id};

/// Moves the mark forward, at most to the newest message. The reader's other
/// sockets are notified in any room, the other members in small ones.
pub(crate) async fn read(app: &App, sender: &Sender, room: String, seq: i64) -> Reply {
    if seq < 0 {
        return Err(ValidationError::new("seq", "The number must not be negative.").into());
    }
    let membership = membership(app, sender, &room).await?;
    let seq = seq.min(membership.last_seq());
    let person = sender.person.clone();
    let now = sender.now;
    if app.store.mark_read(&room, &person.id, seq, now).await? {
        let user = person.id.clone();
        let frame = ServerFrame::Read {
            room: room.clone(),
            user: person,
            seq,
        };
        let (realtime, except) = (&app.realtime, &sender.connection);
        if is_small(app, &room).await? {
            realtime.to_room(&room, &frame, except, now).await?;
        } else {
            realtime.to_user(&user, &frame, except, now).await?;
        }
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
