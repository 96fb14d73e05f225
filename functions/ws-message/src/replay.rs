//! What came after a client's cursors, as far as it fits into one frame.

use domain::Invalid;
use domain::limits::ROOMS_PER_USER;
use domain::replay::{Fitted, fit};
use edge::Refusal;
use store::rooms::Membership;
use wire::frame::Cursors;

use crate::App;

/// Messages read per room: more than this never fits into a frame with others.
const MESSAGES_PER_ROOM: u32 = 200;

/// Reads what came after each cursor, of rooms that one is in. Only rooms in
/// which something came are asked for.
pub(crate) async fn missed(
    app: &App,
    memberships: &[Membership],
    cursors: Cursors,
    used: usize,
) -> Result<Fitted, Refusal> {
    if cursors.len() > ROOMS_PER_USER {
        return Err(Invalid::new("rooms", "must name at most 500 rooms.").into());
    }
    if cursors.values().any(|seq| *seq < 0) {
        return Err(Invalid::new("rooms", "must hold numbers from 0.").into());
    }
    let mut read = Vec::new();
    for membership in memberships {
        let room = &membership.room_row.id;
        let Some(&cursor) = cursors.get(room) else {
            continue;
        };
        let messages = if membership.last_seq > cursor {
            app.store
                .messages_after(room, cursor, MESSAGES_PER_ROOM)
                .await?
        } else {
            Vec::new()
        };
        let complete = messages.len() < MESSAGES_PER_ROOM as usize;
        read.push((room.clone(), messages, complete));
    }
    Ok(fit(read, used))
}
