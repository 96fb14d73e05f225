//! `hello` and `ping`: here I am, what did I miss?

use domain::replay::Replay;
use lambda::ApiError;
use protocol::ServerFrame;
use protocol::frame::Cursors;
use store::rooms::Membership;

use crate::replay::{checked, fill, with_cursor};
use crate::{App, Reply, Sender};

/// `hello`: this socket hears all the rooms that its user is in.
pub(crate) async fn hello(app: &App, sender: Sender, cursors: Option<Cursors>) -> Reply {
    let cursors = checked(cursors)?;
    let Sender {
        person, connection, ..
    } = &sender;
    let memberships = hear_all(app, &person.id, connection).await?;

    let asked = with_cursor(&memberships, &cursors);
    let mut replay = Replay::new(asked.iter().map(|(one, _)| one.room_row.id.as_str()));
    let rooms = memberships.iter().map(Membership::room).collect();
    let (rooms, complete) = replay.take_rooms(rooms);
    fill(app, &mut replay, &asked).await?;
    let (missed, more) = replay.finish();
    let welcome = ServerFrame::Welcome {
        user: person.clone(),
        rooms,
        missed,
        more,
        more_rooms: !complete,
    };
    if sender.was_present {
        return Ok(Some(welcome));
    }
    // Whoever says hello does not wait until everybody knows.
    app.realtime.to_connection(connection, &welcome).await?;
    app.realtime
        .went_online(person, connection, sender.now)
        .await?;
    Ok(None)
}

/// `ping`: the lease was renewed already; what was missed comes back.
pub(crate) async fn ping(app: &App, sender: Sender, cursors: Option<Cursors>) -> Reply {
    let cursors = checked(cursors)?;
    let memberships = if cursors.is_empty() {
        Vec::new()
    } else {
        app.store.memberships_of(&sender.person.id).await?
    };
    let asked = with_cursor(&memberships, &cursors);
    let mut replay = Replay::new(asked.iter().map(|(one, _)| one.room_row.id.as_str()));
    fill(app, &mut replay, &asked).await?;
    let (missed, more) = replay.finish();
    Ok(Some(ServerFrame::Pong {
        at: sender.now,
        missed,
        more,
    }))
}

/// Writes down that a socket hears the rooms of its user, and reads the
/// memberships again until both agree: one that came or went in between is heard
/// or not heard as it ends up, and a message that came in between is missed by
/// nobody.
async fn hear_all(app: &App, user: &str, connection: &str) -> Result<Vec<Membership>, ApiError> {
    let mut heard = app.store.room_ids_of(user).await?;
    loop {
        app.store.mark_ready(connection, &heard).await?;
        let memberships = app.store.memberships_of(user).await?;
        let is_in = |room: &String| memberships.iter().any(|one| one.room_row.id == *room);
        let ended: Vec<String> = heard.iter().filter(|room| !is_in(room)).cloned().collect();
        if !ended.is_empty() {
            app.store.unsubscribe(connection, &ended).await?;
        }
        let rooms = memberships.iter().map(|one| one.room_row.id.clone());
        let rooms: Vec<String> = rooms.collect();
        if rooms.iter().all(|room| heard.contains(room)) {
            return Ok(memberships);
        }
        heard = rooms;
    }
}
