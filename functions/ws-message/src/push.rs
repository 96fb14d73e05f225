//! Requests for notifications of members who may not see a message.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::limits::NOTIFICATION_WAIT;
use queue::jobs::push::Job;

use crate::App;

/// Rooms that are remembered, after which those of earlier are forgotten.
const ROOMS: usize = 1_000;
/// Less than [`NOTIFICATION_WAIT`], so that a message of this time is stored when the
/// request before it is processed.
const COVERED: Duration = NOTIFICATION_WAIT.saturating_sub(Duration::from_secs(1));

/// The rooms for which this process has published a request, and when. A request is about
/// all messages that are stored when it is processed, so that a busy room needs one every
/// few seconds.
#[derive(Default)]
pub(crate) struct Requested(Mutex<BTreeMap<String, Timestamp>>);

impl Requested {
    /// Whether a message needs a request of its own. If so, it is remembered.
    fn needs(&self, room: &str, now: Timestamp) -> bool {
        // The map is consistent at any time, so a poisoned lock is harmless.
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.get(room).is_some_and(|at| *at + COVERED > now) {
            return false;
        }
        if rooms.len() >= ROOMS {
            rooms.retain(|_, at| *at + COVERED > now);
        }
        if rooms.len() < ROOMS {
            rooms.insert(room.to_owned(), now);
        }
        true
    }
}

/// Publishes a request for notifications of a message that the sender has an `ack` of. A
/// lost request costs a notification and never a message.
pub(crate) async fn request(app: &App, room: &str, seq: i64, now: Timestamp) {
    if !app.requested.needs(room, now) {
        return;
    }
    let job = Job {
        room: room.to_owned(),
        seq,
        retry: None,
    };
    if let Err(error) = app.queue.publish_push(&job, now).await {
        tracing::warn!(error = %error, "could not request notifications");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn a_busy_room_is_requested_every_few_seconds() {
        let requested = Requested::default();
        let needed = (0..10).filter(|second| requested.needs("r", at(*second)));
        assert_eq!(needed.collect::<Vec<_>>(), [0, 4, 8]);
        assert!(requested.needs("other", at(9)));
    }

    #[test]
    fn no_more_rooms_are_remembered_than_fit() {
        let requested = Requested::default();
        for room in 0..2 * ROOMS {
            assert!(requested.needs(&room.to_string(), at(0)));
        }
        assert_eq!(requested.0.lock().unwrap().len(), ROOMS);
        assert!(requested.needs("later", at(60)));
        assert_eq!(requested.0.lock().unwrap().len(), 1);
    }
}
