//! `typing`: delivered in small rooms, never stored.

use domain::limits::{TYPING, TYPING_MEMBERS};
use lambda::Result;
use protocol::ServerFrame;

use crate::{App, Reply, Sender};

/// Delivers it at most every 3 s per user and room.
pub(crate) async fn typing(app: &App, sender: &Sender, room: String) -> Reply {
    let person = sender.person.clone();
    app.refuse_non_member(&room, &person.id).await?;
    let key = format!("{}:{room}", person.id);
    if !is_small(app, &room).await? {
        return Ok(None);
    }
    match app.store.pace(TYPING, &key, sender.now).await {
        Ok(()) => {}
        Err(store::Error::TooFast(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let frame = ServerFrame::Typing {
        room: room.clone(),
        user: person,
    };
    app.realtime
        .to_room(&room, &frame, &sender.connection, sender.now)
        .await?;
    Ok(None)
}

/// Whether typing and read marks are sent in this room.
pub(crate) async fn is_small(app: &App, room: &str) -> Result<bool> {
    Ok(app.store.count_members(room, TYPING_MEMBERS).await? <= TYPING_MEMBERS)
}
