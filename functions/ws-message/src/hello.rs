//! `hello` and `ping`: the client's rooms and what it missed in them.

use domain::limits::PRESENCE_LEASE;
use domain::replay::Replayed;
use lambda::ApiError;
use protocol::ServerFrame;
use protocol::change::CHANGES;
use store::members::Membership;

use crate::replay::{self, Cursors};
use crate::{App, Reply, Sender};

/// Read marks that one `pong` brings at most.
const READS: usize = 100;

/// `hello`: subscribes this socket to all rooms of its user.
pub(crate) async fn hello(
    app: &App,
    sender: &Sender,
    cursors: Cursors,
    mut understands: Vec<String>,
) -> Reply {
    understands.retain(|event| event == CHANGES);
    understands.dedup();
    let memberships = subscribe_all(app, sender, &understands).await?;

    let mut replay = replay::empty(&memberships, &cursors);
    let rooms = app.store.listed(&memberships, sender.now).await?;
    let (rooms, complete) = replay.take_rooms(rooms);
    replay::fill(app, &mut replay, &memberships, &cursors).await?;
    let Replayed {
        missed,
        more,
        changes,
        stale,
    } = replay.finish();
    Ok(Some(ServerFrame::Welcome {
        user: sender.person.clone(),
        rooms,
        missed,
        more,
        more_rooms: !complete,
        changes,
        stale,
    }))
}

/// `ping`: the lease was renewed already. Subscriptions are repaired, and what was
/// missed comes back.
pub(crate) async fn ping(app: &App, sender: &Sender, cursors: Cursors) -> Reply {
    repair_subscriptions(app, sender).await?;
    let memberships = match cursors.is_empty() {
        true => Vec::new(),
        false => app.store.memberships_of(&sender.person.id).await?,
    };
    let mut replay = replay::empty(&memberships, &cursors);
    replay::fill(app, &mut replay, &memberships, &cursors).await?;
    let Replayed {
        missed,
        more,
        changes,
        stale,
    } = replay.finish();
    // A client that was silent for longer has lost its lease and reads its rooms.
    let since = sender.now - 2 * PRESENCE_LEASE;
    let moved = app.store.marks_read_since(&sender.person.id, since).await?;
    let reads = moved.into_iter().take(READS);
    Ok(Some(ServerFrame::Pong {
        at: sender.now,
        missed,
        more,
        reads: reads.map(|one| (one.room, one.read_seq)).collect(),
        changes,
        stale,
    }))
}

/// Subscribes a socket to the rooms of its user, and reads the memberships again
/// until both agree: a room that was added or left in between ends up as it is,
/// and no message in between is missed.
async fn subscribe_all(
    app: &App,
    sender: &Sender,
    understands: &[String],
) -> Result<Vec<Membership>, ApiError> {
    let mut rooms = app.store.room_ids_of(&sender.person.id).await?;
    loop {
        app.store
            .mark_ready(&sender.connection, &rooms, understands)
            .await?;
        let memberships = app.store.memberships_of(&sender.person.id).await?;
        let now = room_ids(&memberships);
        if same(&rooms, &now) {
            return Ok(memberships);
        }
        rooms = now;
    }
}

/// Makes the subscriptions of a socket those rooms of its user that it did not
/// leave by a `leave` frame. A socket that never said `hello` keeps the rooms that
/// it joined, as far as its user is a member of them.
pub(crate) async fn repair_subscriptions(app: &App, sender: &Sender) -> Result<(), ApiError> {
    let store = &app.store;
    loop {
        let (rooms, socket) = tokio::try_join!(
            store.room_ids_of(&sender.person.id),
            store.connection(&sender.connection)
        )?;
        let Some(socket) = socket else {
            return Ok(());
        };
        let mut rooms = rooms;
        match socket.greeted {
            true => rooms.retain(|room| !socket.muted.contains(room)),
            false => rooms.retain(|room| socket.rooms.contains(room)),
        }
        if same(&socket.rooms, &rooms) && !socket.gone {
            return Ok(());
        }
        store.set_subscriptions(&sender.connection, &rooms).await?;
    }
}

fn room_ids(memberships: &[Membership]) -> Vec<String> {
    let ids = memberships.iter().map(|one| one.room_row.id.clone());
    ids.collect()
}

/// Whether two lists without repeats hold the same rooms.
fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|room| other.contains(room))
}
