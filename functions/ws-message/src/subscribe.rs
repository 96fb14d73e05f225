//! `join` and `leave`: subscribe or unsubscribe this socket. The membership
//! does not change.

use lambda::ApiError;
use protocol::ServerFrame;

use crate::{App, Reply, Sender, reference as checked};

/// `join`: hear a room that one is a member of.
pub(crate) async fn join(
    app: &App,
    sender: Sender,
    reference: Option<String>,
    room: String,
) -> Reply {
    checked(reference.as_deref())?;
    let user = &sender.person.id;
    app.refuse_outsider(&room, user).await?;
    app.store.subscribe(&sender.connection, &room).await?;
    // Read again after it was written down: a membership may have ended since.
    match app.store.membership(&room, user).await? {
        Some(membership) => Ok(Some(ServerFrame::Joined {
            reference,
            room,
            last_seq: membership.last_seq,
        })),
        None => {
            app.store.unsubscribe(&sender.connection, &[room]).await?;
            Err(ApiError::UnknownRoom)
        }
    }
}

/// `leave`: hear a room no more.
pub(crate) async fn leave(
    app: &App,
    sender: Sender,
    reference: Option<String>,
    room: String,
) -> Reply {
    checked(reference.as_deref())?;
    app.refuse_outsider(&room, &sender.person.id).await?;
    app.store
        .unsubscribe(&sender.connection, std::slice::from_ref(&room))
        .await?;
    Ok(Some(ServerFrame::Left { reference, room }))
}
