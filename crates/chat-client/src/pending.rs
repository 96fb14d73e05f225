//! What one has said and the service has not yet acknowledged.
//!
//! Messages of a room go out one after another, each when the one before it is
//! acknowledged, since the service may handle two frames at the same time. Each
//! keeps its id however often it is sent, so that it is said once.

use std::time::Duration;

use std::collections::VecDeque;

use domain::Timestamp;
use protocol::{ClientFrame, ErrorCode};

/// How long to wait for an acknowledgement before the message is sent again.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait after the service asked to try again.
const PAUSE: Duration = Duration::from_secs(2);

/// Where a message of one's own is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Not yet acknowledged.
    Pending,
    /// Refused for good, with the reason.
    Failed(String),
    /// Acknowledged.
    Sent,
}

/// One message on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// Made once, kept for ever.
    pub id: String,
    /// What is said.
    pub text: String,
    /// When it was said, by this machine's clock.
    pub at: Timestamp,
    stage: Stage,
}

/// A message without its `ack`, for keeping where a process that ends loses
/// nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// Where it is said.
    pub room: String,
    /// The id that it keeps however often it is sent.
    pub id: String,
    /// What is said.
    pub text: String,
    /// When it was said, by this machine's clock.
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Waiting { not_before: Timestamp },
    OnItsWay { since: Timestamp },
    Refused(String),
}

impl Outgoing {
    /// Where it is.
    pub fn delivery(&self) -> Delivery {
        match &self.stage {
            Stage::Refused(reason) => Delivery::Failed(reason.clone()),
            Stage::Waiting { .. } | Stage::OnItsWay { .. } => Delivery::Pending,
        }
    }
}

/// The messages of one room that are on their way, in the order they were said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pending {
    queue: VecDeque<Outgoing>,
}

impl Pending {
    /// Takes a message.
    pub(crate) fn push(&mut self, id: String, text: String, now: Timestamp) {
        self.queue.push_back(Outgoing {
            id,
            text,
            at: now,
            stage: Stage::Waiting {
                not_before: Timestamp::EPOCH,
            },
        });
    }

    /// Takes over a message of another process, unless it is here already.
    pub(crate) fn restore(&mut self, unsent: Unsent) {
        if self.queue.iter().all(|outgoing| outgoing.id != unsent.id) {
            self.push(unsent.id, unsent.text, unsent.at);
        }
    }

    /// The messages on their way, to be stored.
    pub(crate) fn unsent(&self, room: &str) -> impl Iterator<Item = Unsent> {
        self.queue.iter().map(move |outgoing| Unsent {
            room: room.to_owned(),
            id: outgoing.id.clone(),
            text: outgoing.text.clone(),
            at: outgoing.at,
        })
    }

    /// The messages on their way.
    pub fn outgoing(&self) -> impl Iterator<Item = &Outgoing> {
        self.queue.iter()
    }

    /// Where the message with this id is: what is not here has been sent.
    pub fn delivery(&self, id: &str) -> Delivery {
        self.queue
            .iter()
            .find(|outgoing| outgoing.id == id)
            .map_or(Delivery::Sent, Outgoing::delivery)
    }

    /// The frame to send now, if one is due.
    pub(crate) fn next(&mut self, room: &str, now: Timestamp) -> Option<ClientFrame> {
        let first = self
            .queue
            .iter_mut()
            .find(|outgoing| !matches!(outgoing.stage, Stage::Refused(_)))?;
        match first.stage {
            Stage::Waiting { not_before } if not_before <= now => {
                first.stage = Stage::OnItsWay { since: now };
                Some(ClientFrame::Message {
                    id: first.id.clone(),
                    room: room.to_owned(),
                    text: first.text.clone(),
                })
            }
            _ => None,
        }
    }

    /// Whether an acknowledgement should have come by now.
    pub(crate) fn is_overdue(&self, now: Timestamp) -> bool {
        self.queue.iter().any(
            |outgoing| matches!(outgoing.stage, Stage::OnItsWay { since } if now.saturating_since(since) >= PATIENCE),
        )
    }

    /// The socket is gone: what was on its way may or may not have arrived, and
    /// is sent again.
    pub(crate) fn disconnected(&mut self) {
        self.put_off(Timestamp::EPOCH);
    }

    /// What was on its way may or may not have arrived, and is sent again then.
    pub(crate) fn put_off(&mut self, not_before: Timestamp) {
        for outgoing in &mut self.queue {
            if matches!(outgoing.stage, Stage::OnItsWay { .. }) {
                outgoing.stage = Stage::Waiting { not_before };
            }
        }
    }

    /// The message has its place; it is no longer on its way.
    pub(crate) fn acknowledged(&mut self, id: &str) -> Option<Outgoing> {
        let place = self.queue.iter().position(|outgoing| outgoing.id == id)?;
        self.queue.remove(place)
    }

    /// The service refused the message. Whether it knows the id or not, what
    /// may pass is tried again.
    pub(crate) fn refused(
        &mut self,
        id: &str,
        error: ErrorCode,
        message: &str,
        retry_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        let Some(outgoing) = self.queue.iter_mut().find(|outgoing| outgoing.id == id) else {
            return;
        };
        let waiting = Stage::Waiting {
            not_before: retry_at
                .unwrap_or_default()
                .clamp(now + Duration::from_secs(1), now + 10 * PAUSE),
        };
        outgoing.stage = match error {
            ErrorCode::TooFast | ErrorCode::TryAgain | ErrorCode::Internal => waiting,
            ErrorCode::Unknown if retry_at.is_some() => waiting,
            // The session has ended; after the next sign-in it may go out.
            ErrorCode::SignedOut => Stage::Waiting {
                not_before: Timestamp::EPOCH,
            },
            _ => Stage::Refused(message.to_owned()),
        };
    }

    /// Tries a refused message again, with the same id.
    pub(crate) fn retry(&mut self, id: &str) {
        if let Some(outgoing) = self.queue.iter_mut().find(|outgoing| outgoing.id == id) {
            outgoing.stage = Stage::Waiting {
                not_before: Timestamp::EPOCH,
            };
        }
    }

    /// Forgets a refused message.
    pub(crate) fn discard(&mut self, id: &str) {
        self.queue
            .retain(|outgoing| outgoing.id != id || !matches!(outgoing.stage, Stage::Refused(_)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::at;

    fn id_of(frame: Option<ClientFrame>) -> Option<String> {
        match frame {
            Some(ClientFrame::Message { id, .. }) => Some(id),
            _ => None,
        }
    }

    fn with(ids: &[&str]) -> Pending {
        let mut pending = Pending::default();
        for id in ids {
            pending.push((*id).into(), format!("text of {id}"), at(0));
        }
        pending
    }

    #[test]
    fn the_next_message_waits_for_the_acknowledgement_of_the_one_before() {
        let mut pending = with(&["a", "b"]);
        assert_eq!(id_of(pending.next("r", at(1))).as_deref(), Some("a"));
        assert_eq!(pending.next("r", at(2)), None);
        assert!(pending.acknowledged("a").is_some());
        assert_eq!(id_of(pending.next("r", at(3))).as_deref(), Some("b"));
    }

    #[test]
    fn after_a_cut_the_same_id_goes_out_again() {
        let mut pending = with(&["a"]);
        let first = pending.next("r", at(1));
        pending.disconnected();
        assert_eq!(pending.next("r", at(2)), first);
        assert!(pending.acknowledged("a").is_some());
        assert!(pending.acknowledged("a").is_none());
        assert_eq!(pending.delivery("a"), Delivery::Sent);
    }

    #[test]
    fn an_acknowledgement_that_does_not_come_is_noticed() {
        let mut pending = with(&["a"]);
        pending.next("r", at(0));
        assert!(!pending.is_overdue(at(9_999)));
        assert!(pending.is_overdue(at(10_000)));
        pending.disconnected();
        assert_eq!(id_of(pending.next("r", at(10_000))).as_deref(), Some("a"));
    }

    #[test]
    fn what_is_refused_for_good_says_why_and_holds_up_nothing() {
        let mut pending = with(&["a", "b"]);
        pending.next("r", at(0));
        pending.refused("a", ErrorCode::UnknownRoom, "Not your room.", None, at(0));
        assert_eq!(
            pending.delivery("a"),
            Delivery::Failed("Not your room.".into())
        );
        assert_eq!(id_of(pending.next("r", at(1))).as_deref(), Some("b"));
        pending.discard("a");
        assert_eq!(pending.outgoing().count(), 1);
    }

    #[test]
    fn what_was_refused_for_now_goes_out_when_it_may() {
        let mut pending = with(&["a"]);
        pending.next("r", at(0));
        pending.refused("a", ErrorCode::TooFast, "Slowly.", Some(at(5_000)), at(100));
        assert_eq!(pending.next("r", at(4_999)), None);
        assert_eq!(id_of(pending.next("r", at(5_000))).as_deref(), Some("a"));
    }

    #[test]
    fn an_error_of_a_later_version_is_final_without_a_time() {
        let mut pending = with(&["a", "b"]);
        pending.next("r", at(0));
        pending.refused("a", ErrorCode::Unknown, "No.", None, at(0));
        assert_eq!(pending.delivery("a"), Delivery::Failed("No.".into()));
        pending.next("r", at(1));
        pending.refused("b", ErrorCode::Unknown, "Later.", Some(at(5_000)), at(1));
        assert_eq!(pending.next("r", at(4_999)), None);
        assert_eq!(id_of(pending.next("r", at(5_000))).as_deref(), Some("b"));
    }
}
