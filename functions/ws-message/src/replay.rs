//! The messages and changes after a client's cursors, as far as they fit into one
//! frame.

use domain::ValidationError;
use domain::limits::ROOMS_PER_USER;
use domain::replay::Replay;
use lambda::ApiError;
use protocol::frame;
use store::members::Membership;

use crate::App;

/// Messages read per room. Few frames have space for more.
const MESSAGES_PER_ROOM: u32 = 200;

/// Cursors that a frame may name. A client may hold one for a room that its user
/// has left, so there may be more than the rooms of one person.
const CURSORS: usize = 2 * ROOMS_PER_USER;

/// The cursors of a client, by room.
#[derive(Default)]
pub(crate) struct Cursors {
    messages: frame::Cursors,
    changes: frame::Cursors,
}

impl Cursors {
    /// Refuses cursors that no client could hold.
    pub(crate) fn checked(
        rooms: Option<frame::Cursors>,
        revs: Option<frame::Cursors>,
    ) -> Result<Self, ValidationError> {
        Ok(Self {
            messages: checked("rooms", rooms)?,
            changes: checked("revs", revs)?,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.changes.is_empty()
    }
}

fn checked(
    field: &str,
    cursors: Option<frame::Cursors>,
) -> Result<frame::Cursors, ValidationError> {
    let cursors = cursors.unwrap_or_default();
    if cursors.len() > CURSORS {
        let text = format!("At most {CURSORS} rooms can be named.");
        return Err(ValidationError::new(field, text));
    }
    if cursors.values().any(|cursor| *cursor < 0) {
        return Err(ValidationError::new(
            field,
            "A cursor must not be negative.",
        ));
    }
    Ok(cursors)
}

/// The frame for the answer to a client with these cursors.
pub(crate) fn empty(memberships: &[Membership], cursors: &Cursors) -> Replay {
    let asked = with_cursor(memberships, &cursors.messages);
    Replay::new(asked.iter().map(|(one, _)| one.room_row.id.as_str()))
}

/// The rooms of the user that a cursor was given for.
fn with_cursor<'a>(
    memberships: &'a [Membership],
    cursors: &frame::Cursors,
) -> Vec<(&'a Membership, i64)> {
    let cursor = |membership: &'a Membership| {
        let cursor = cursors.get(&membership.room_row.id)?;
        Some((membership, *cursor))
    };
    memberships.iter().filter_map(cursor).collect()
}

/// Fills `replay` with what came after each cursor: changes first, which take at
/// most half of the space. Only rooms with news are read, and none once the frame
/// is full.
pub(crate) async fn fill(
    app: &App,
    replay: &mut Replay,
    memberships: &[Membership],
    cursors: &Cursors,
) -> Result<(), ApiError> {
    let mut changes = replay.changes();
    for (membership, cursor) in with_cursor(memberships, &cursors.changes) {
        let room = &membership.room_row.id;
        if membership.last_rev() <= cursor {
            continue;
        }
        let found = match changes.has_space() {
            true => app.store.changes_to_replay(room, cursor).await?,
            false => None,
        };
        changes.take(room, found);
    }
    for (membership, cursor) in with_cursor(memberships, &cursors.messages) {
        let room = &membership.room_row.id;
        let is_behind = membership.last_seq() > cursor;
        let messages = if is_behind && replay.has_space() {
            let user = &membership.member.user;
            app.store
                .messages_after(room, cursor, MESSAGES_PER_ROOM, user)
                .await?
        } else {
            Vec::new()
        };
        let held_back = messages.is_empty() || messages.len() == MESSAGES_PER_ROOM as usize;
        replay.take_missed(room, messages, !(is_behind && held_back));
    }
    Ok(())
}
