//! The messages after a client's cursors, as far as they fit into one frame.

use domain::ValidationError;
use domain::limits::ROOMS_PER_USER;
use domain::replay::Replay;
use lambda::ApiError;
use protocol::frame::Cursors;
use store::members::Membership;

use crate::App;

/// Messages read per room. Few frames have space for more.
const MESSAGES_PER_ROOM: u32 = 200;

/// Cursors that a frame may name. A client may hold one for a room that its user
/// has left, so there may be more than the rooms of one person.
const CURSORS: usize = 2 * ROOMS_PER_USER;

/// Refuses cursors that no client could hold.
pub(crate) fn checked(cursors: Option<Cursors>) -> Result<Cursors, ValidationError> {
    let cursors = cursors.unwrap_or_default();
    if cursors.len() > CURSORS {
        return Err(ValidationError::new(
            "rooms",
            format!("At most {CURSORS} rooms can be named."),
        ));
    }
    if cursors.values().any(|seq| *seq < 0) {
        return Err(ValidationError::new(
            "rooms",
            "A cursor must not be negative.",
        ));
    }
    Ok(cursors)
}

/// The rooms of the user that a cursor was given for.
pub(crate) fn with_cursor<'a>(
    memberships: &'a [Membership],
    cursors: &Cursors,
) -> Vec<(&'a Membership, i64)> {
    let cursor = |membership: &'a Membership| {
        let seq = cursors.get(&membership.room_row.id)?;
        Some((membership, *seq))
    };
    memberships.iter().filter_map(cursor).collect()
}

/// Fills `replay` with the messages after each cursor. Only rooms with newer
/// messages are read, and none once the frame is full.
pub(crate) async fn fill(
    app: &App,
    replay: &mut Replay,
    asked: &[(&Membership, i64)],
) -> Result<(), ApiError> {
    for (membership, cursor) in asked {
        let room = &membership.room_row.id;
        let is_behind = membership.last_seq() > *cursor;
        let messages = if is_behind && replay.has_space() {
            app.store
                .messages_after(room, *cursor, MESSAGES_PER_ROOM)
                .await?
        } else {
            Vec::new()
        };
        let held_back = messages.is_empty() || messages.len() == MESSAGES_PER_ROOM as usize;
        replay.take_missed(room, messages, !(is_behind && held_back));
    }
    Ok(())
}
