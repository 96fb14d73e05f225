//! Fan-out in rooms that are too large for one invocation: it posts to one chunk
//! of their sockets, and hands the others to the function `fan-out`.

use domain::Timestamp;
use protocol::Message;
use queue::jobs::fan_out::Chunk;
use store::connections::Subscriber;

use crate::App;

/// Puts all but one chunk on the queue, and returns the subscribers to post to
/// inline: that chunk, and those that the broker did not take.
pub(crate) async fn hand_over(
    app: &App,
    message: &Message,
    mut subscribers: Vec<Subscriber>,
    now: Timestamp,
) -> Vec<Subscriber> {
    while subscribers.len() > app.chunk {
        let sockets =
            subscribers.split_off(subscribers.len().saturating_sub(app.chunk).max(app.chunk));
        let chunk = Chunk {
            room: message.room.clone(),
            seq: message.seq,
            sockets: sockets.iter().map(|one| one.id.clone()).collect(),
        };
        if let Err(error) = app.queue.publish_chunk(&chunk, now).await {
            tracing::warn!(error = %error, "fan-out queue unavailable, posting inline");
            subscribers.extend(sockets);
            break;
        }
    }
    subscribers
}
