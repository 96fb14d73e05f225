//! `hello` and `ping`: here I am, what did I miss?

use domain::replay::Replay;
use lambda::ApiError;
use protocol::ServerFrame;
use protocol::frame::Cursors;
use store::rooms::Membership;

use crate::replay::{checked, fill, with_cursor};
use crate::{App, Reply, Sender};

/// `hello`: subscribes the socket to all rooms of its user.
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
    // The response does not wait for the presence events.
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

/// Subscribes a socket to the rooms of its user, and reads the memberships
/// again until both agree, so that a concurrent change of the membership is
/// reflected and no message is missed.
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
