//! What came after a client's cursors, as far as it fits into one frame.

use domain::ValidationError;
use domain::limits::ROOMS_PER_USER;
use domain::replay::Replay;
use lambda::ApiError;
use protocol::frame::Cursors;
use store::rooms::Membership;

use crate::App;

/// Messages read per room: hardly ever do more fit into a frame.
const MESSAGES_PER_ROOM: u32 = 200;

/// Refuses cursors that no client of ours could have.
pub(crate) fn checked(cursors: Option<Cursors>) -> Result<Cursors, ValidationError> {
    let cursors = cursors.unwrap_or_default();
    if cursors.len() > ROOMS_PER_USER {
        return Err(ValidationError::new(
            "rooms",
            "must name at most 500 rooms.",
        ));
    }
    if cursors.values().any(|seq| *seq < 0) {
        return Err(ValidationError::new("rooms", "must hold numbers from 0."));
    }
    Ok(cursors)
}

/// The rooms that one is in and gave a cursor for; any other is left out.
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

/// Fills `replay` with what came after each cursor. Only rooms in which something
/// came are asked for, and none once the frame is full.
pub(crate) async fn fill(
    app: &App,
    replay: &mut Replay,
    asked: &[(&Membership, i64)],
) -> Result<(), ApiError> {
    for (membership, cursor) in asked {
        let room = &membership.room_row.id;
        let came = membership.last_seq > *cursor;
        let messages = if came && replay.has_space() {
            app.store
                .messages_after(room, *cursor, MESSAGES_PER_ROOM)
                .await?
        } else {
            Vec::new()
        };
        let held_back = messages.is_empty() || messages.len() == MESSAGES_PER_ROOM as usize;
        replay.take_missed(room, messages, !(came && held_back));
    }
    Ok(())
}
