//! `typing` and `read`: of small rooms only, and the first to be shed.

use domain::Invalid;
use domain::limits::{TYPING, TYPING_MEMBERS};
use edge::Refusal;
use store::limits::Allowed;
use store::rooms::Membership;
use wire::ServerFrame;

use crate::{App, Reply, Sender, room_id};

/// `typing`: passed on at most every 3 s per user and room, never stored.
pub(crate) async fn typing(app: &App, sender: Sender, room: String) -> Reply {
    let person = sender.person;
    app.refuse_outsider(&room, &person.id).await?;
    let key = format!("{}:{room}", person.id);
    if is_small(app, &room).await?
        && app.store.pace(TYPING, &key, sender.now).await? == Allowed::Yes
    {
        let frame = ServerFrame::Typing {
            room: room.clone(),
            user: person,
        };
        app.delivery
            .to_room(&room, &frame, &sender.connection, sender.now)
            .await?;
    }
    Ok(None)
}

/// `read`: moves one's own mark forward, no further than the newest message.
pub(crate) async fn read(app: &App, sender: Sender, room: String, seq: i64) -> Reply {
    if seq < 0 {
        return Err(Invalid::new("seq", "must be a number from 0.").into());
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
        app.delivery
            .to_room(&room, &frame, &sender.connection, sender.now)
            .await?;
    }
    Ok(None)
}

async fn membership(app: &App, sender: &Sender, room: &str) -> Result<Membership, Refusal> {
    let membership = app
        .store
        .membership(room_id(room)?, &sender.person.id)
        .await?;
    membership.ok_or(Refusal::UnknownRoom)
}

async fn is_small(app: &App, room: &str) -> Result<bool, Refusal> {
    Ok(app.store.count_members(room, TYPING_MEMBERS).await? <= TYPING_MEMBERS)
}
