//! Rooms that are too large for one invocation: it posts to one chunk of their
//! sockets, and hands the others to `fan-out`.

use domain::Millis;
use domain::fan_out::Chunk;
use store::connections::Listener;
use wire::Message;

use crate::App;

/// Puts all but one chunk on the queue, and gives who is left to be posted to
/// from here: that one, and those whom the broker did not take.
pub(crate) async fn hand_over(
    app: &App,
    message: &Message,
    mut listeners: Vec<Listener>,
    now: Millis,
) -> Vec<Listener> {
    while listeners.len() > app.chunk {
        let sockets = listeners.split_off(listeners.len().saturating_sub(app.chunk).max(app.chunk));
        let chunk = Chunk {
            room: message.room.clone(),
            seq: message.seq,
            sockets: sockets.iter().map(|one| one.id.clone()).collect(),
        };
        if let Err(error) = app.outbox.hand_over(&chunk, now).await {
            tracing::warn!(error = %error, "a large room is posted to from here");
            listeners.extend(sockets);
            break;
        }
    }
    listeners
}
