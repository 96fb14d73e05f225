//! `hello` and `ping`: here I am, what did I miss?

use domain::replay::{fit_rooms, json_bytes};
use wire::ServerFrame;
use wire::frame::Cursors;

use crate::replay::missed;
use crate::{App, Reply, Sender};

/// `hello`: this socket hears all the rooms that its user is in.
pub(crate) async fn hello(app: &App, sender: Sender, cursors: Option<Cursors>) -> Reply {
    let person = sender.connection.person();
    let connection = &sender.connection.id;
    let rooms = app.store.room_ids_of(&person.id).await?;
    app.store.greet_connection(connection, &rooms).await?;
    // Read again after it was written down: a membership that ended in between
    // is not heard, and a message that came in between is missed by nobody.
    let memberships = app.store.memberships_of(&person.id).await?;
    let ended: Vec<String> = rooms
        .into_iter()
        .filter(|id| !memberships.iter().any(|m| m.room_row.id == *id))
        .collect();
    if !ended.is_empty() {
        app.store.unhear(connection, &ended).await?;
    }

    let (rooms, complete) = fit_rooms(memberships.iter().map(|m| m.room()).collect());
    let cursors = cursors.unwrap_or_default();
    let fitted = missed(app, &memberships, cursors, json_bytes(&rooms)).await?;
    app.delivery.came(&person, connection, sender.now).await?;
    Ok(Some(ServerFrame::Welcome {
        user: person,
        rooms,
        missed: fitted.missed,
        more: fitted.more,
        more_rooms: !complete,
    }))
}

/// `ping`: the lease was renewed already; what was missed comes back.
pub(crate) async fn ping(app: &App, sender: Sender, cursors: Option<Cursors>) -> Reply {
    let cursors = cursors.unwrap_or_default();
    let memberships = if cursors.is_empty() {
        Vec::new()
    } else {
        app.store.memberships_of(&sender.connection.user).await?
    };
    let fitted = missed(app, &memberships, cursors, 0).await?;
    Ok(Some(ServerFrame::Pong {
        at: sender.now,
        missed: fitted.missed,
        more: fitted.more,
    }))
}
