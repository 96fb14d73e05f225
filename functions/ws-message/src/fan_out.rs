//! Fan-out in rooms that are too large for one invocation: it posts to one chunk
//! of their sockets, and hands the others to the function `fan-out`.

use domain::Timestamp;
use protocol::{Change, Message};
use queue::jobs::fan_out::Chunk;
use store::connections::Subscriber;

use crate::App;

/// What is delivered to a room.
#[derive(Clone, Copy)]
pub(crate) enum Entry<'a> {
    Message(&'a Message),
    Change(&'a Change),
}

impl Entry<'_> {
    fn chunk(self, sockets: Vec<String>) -> Chunk {
        let (room, seq, rev) = match self {
            Self::Message(message) => (&message.room, message.seq, None),
            Self::Change(change) => (&change.room, change.seq.unwrap_or(0), Some(change.rev)),
        };
        Chunk {
            room: room.clone(),
            seq,
            rev,
            sockets,
        }
    }
}

/// Puts all but one chunk on the queue, and returns the subscribers to post to
/// inline: that chunk, and those that the broker did not take.
pub(crate) async fn hand_over(
    app: &App,
    entry: Entry<'_>,
    mut subscribers: Vec<Subscriber>,
    now: Timestamp,
) -> Vec<Subscriber> {
    while subscribers.len() > app.chunk {
        let sockets =
            subscribers.split_off(subscribers.len().saturating_sub(app.chunk).max(app.chunk));
        let chunk = entry.chunk(sockets.iter().map(|one| one.id.clone()).collect());
        if let Err(error) = app.queue.publish_chunk(&chunk, now).await {
            tracing::warn!(error = %error, "fan-out queue unavailable, posting inline");
            subscribers.extend(sockets);
            break;
        }
    }
    subscribers
}
