//! `join` and `leave`: the subscriptions of one socket. They change no membership.

use lambda::ApiError;
use protocol::ServerFrame;

use crate::{App, Reply, Sender, reference as checked};

pub(crate) async fn join(
    app: &App,
    sender: &Sender,
    reference: Option<String>,
    room: String,
) -> Reply {
    checked(reference.as_deref())?;
    let user = &sender.person.id;
    app.refuse_non_member(&room, user).await?;
    app.store.subscribe(&sender.connection, &room).await?;
    // A membership may have ended since it was looked at.
    match app.store.membership(&room, user).await? {
        Some(membership) => Ok(Some(ServerFrame::Joined {
            reference,
            room,
            last_seq: membership.last_seq(),
        })),
        None => {
            app.store.unsubscribe(&sender.connection, &room).await?;
            Err(ApiError::UnknownRoom)
        }
    }
}

pub(crate) async fn leave(
    app: &App,
    sender: &Sender,
    reference: Option<String>,
    room: String,
) -> Reply {
    checked(reference.as_deref())?;
    app.refuse_non_member(&room, &sender.person.id).await?;
    app.store.unsubscribe(&sender.connection, &room).await?;
    Ok(Some(ServerFrame::Left { reference, room }))
}
