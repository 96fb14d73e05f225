//! Messages and changes that are not acknowledged yet.
//!
//! Those of a room are sent one after the other, each when the previous one is
//! acknowledged, since the service may process frames concurrently. Each keeps its
//! id however often it is sent, so that it is stored once.

use std::time::Duration;

use std::collections::VecDeque;

use domain::Timestamp;
use protocol::{ChangeKind, ClientFrame, ErrorCode, Quote};

/// Time to wait for an acknowledgement.
const ACK_TIMEOUT: Duration = Duration::from_secs(10);
/// A tenth of the longest wait after a transient error.
const PAUSE: Duration = Duration::from_secs(2);

/// The delivery state of an own message or change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Not yet acknowledged.
    Pending,
    /// Rejected, with the reason.
    Failed(String),
    /// Acknowledged.
    Sent,
}

/// The content of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// The message that it answers, as [`crate::Room::quote`] returns it.
    pub reply_to: Option<Quote>,
    /// The ids of the mentioned users.
    pub mentions: Vec<String>,
}

/// The content of a change of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The message.
    pub seq: i64,
    /// What it changes.
    pub kind: ChangeKind,
}

/// What can be sent until it is acknowledged.
pub trait Content: Clone + PartialEq {
    /// The frame that sends it.
    fn frame(&self, id: &str, room: &str) -> Option<ClientFrame>;
}

impl Content for Text {
    fn frame(&self, id: &str, room: &str) -> Option<ClientFrame> {
        Some(ClientFrame::Message {
            id: id.to_owned(),
            room: room.to_owned(),
            text: self.text.clone(),
            reply_to: self.reply_to.as_ref().map(|quote| quote.seq),
            mentions: self.mentions.clone(),
        })
    }
}

impl Content for Edit {
    fn frame(&self, id: &str, room: &str) -> Option<ClientFrame> {
        let (id, room, seq) = (id.to_owned(), room.to_owned(), self.seq);
        match self.kind.clone() {
            ChangeKind::Edit { text } => Some(ClientFrame::Edit {
                id,
                room,
                seq,
                text,
            }),
            ChangeKind::Delete => Some(ClientFrame::Delete { id, room, seq }),
            ChangeKind::React { emoji, on } => Some(ClientFrame::React {
                id,
                room,
                seq,
                emoji,
                on,
            }),
            ChangeKind::Pin { on } => Some(ClientFrame::Pin { id, room, seq, on }),
            ChangeKind::Room { .. } | ChangeKind::Member { .. } | ChangeKind::Unknown => None,
        }
    }
}

/// An unacknowledged message or change.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing<C = Text> {
    /// The same at every attempt.
    pub id: String,
    /// What is sent.
    pub content: C,
    /// When it was sent first, by the local clock.
    pub at: Timestamp,
    stage: Stage,
}

/// An unacknowledged message or change, to be stored across processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent<C = Text> {
    /// The room's id.
    pub room: String,
    /// The same at every attempt.
    pub id: String,
    /// What is sent.
    pub content: C,
    /// When it was sent first, by the local clock.
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Waiting { not_before: Timestamp },
    InFlight { since: Timestamp },
    Rejected(String),
}

impl<C> Outgoing<C> {
    /// The delivery state.
    pub fn delivery(&self) -> Delivery {
        match &self.stage {
            Stage::Rejected(reason) => Delivery::Failed(reason.clone()),
            Stage::Waiting { .. } | Stage::InFlight { .. } => Delivery::Pending,
        }
    }
}

/// The unacknowledged messages or changes of one room, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending<C = Text> {
    queue: VecDeque<Outgoing<C>>,
}

impl<C> Default for Pending<C> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
        }
    }
}

impl<C: Content> Pending<C> {
    pub(crate) fn push(&mut self, id: String, content: C, now: Timestamp) {
        self.queue.push_back(Outgoing {
            id,
            content,
            at: now,
            stage: Stage::Waiting {
                not_before: Timestamp::EPOCH,
            },
        });
    }

    /// Takes over an entry of another process, unless it is here already.
    pub(crate) fn restore(&mut self, unsent: Unsent<C>) {
        if self.queue.iter().all(|outgoing| outgoing.id != unsent.id) {
            self.push(unsent.id, unsent.content, unsent.at);
        }
    }

    /// What is on its way, to be stored.
    pub(crate) fn unsent(&self, room: &str) -> impl Iterator<Item = Unsent<C>> {
        self.queue.iter().map(move |outgoing| Unsent {
            room: room.to_owned(),
            id: outgoing.id.clone(),
            content: outgoing.content.clone(),
            at: outgoing.at,
        })
    }

    /// What is not acknowledged.
    pub fn outgoing(&self) -> impl Iterator<Item = &Outgoing<C>> {
        self.queue.iter()
    }

    /// The delivery state of an entry; an unknown id has been sent.
    pub fn delivery(&self, id: &str) -> Delivery {
        self.queue
            .iter()
            .find(|outgoing| outgoing.id == id)
            .map_or(Delivery::Sent, Outgoing::delivery)
    }

    pub(crate) fn next(&mut self, room: &str, now: Timestamp) -> Option<ClientFrame> {
        let first = self
            .queue
            .iter_mut()
            .find(|outgoing| !matches!(outgoing.stage, Stage::Rejected(_)))?;
        match first.stage {
            Stage::Waiting { not_before } if not_before <= now => {
                first.stage = Stage::InFlight { since: now };
                first.content.frame(&first.id, room)
            }
            _ => None,
        }
    }

    /// Whether an acknowledgement is overdue.
    pub(crate) fn is_overdue(&self, now: Timestamp) -> bool {
        self.queue.iter().any(
            |outgoing| matches!(outgoing.stage, Stage::InFlight { since } if now.saturating_since(since) >= ACK_TIMEOUT),
        )
    }

    /// The socket closed: what is in flight is sent again.
    pub(crate) fn disconnected(&mut self) {
        self.resend(Timestamp::EPOCH);
    }

    /// What is in flight is sent again, at `not_before`.
    pub(crate) fn resend(&mut self, not_before: Timestamp) {
        for outgoing in &mut self.queue {
            if matches!(outgoing.stage, Stage::InFlight { .. }) {
                outgoing.stage = Stage::Waiting { not_before };
            }
        }
    }

    /// The entry is stored.
    pub(crate) fn acknowledged(&mut self, id: &str) -> Option<Outgoing<C>> {
        let place = self.queue.iter().position(|outgoing| outgoing.id == id)?;
        self.queue.remove(place)
    }

    /// The service rejected the entry. After a transient error it is sent again.
    pub(crate) fn rejected(
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
            // It is sent after the next sign-in.
            ErrorCode::SignedOut => Stage::Waiting {
                not_before: Timestamp::EPOCH,
            },
            _ => Stage::Rejected(message.to_owned()),
        };
    }

    /// Sends a rejected entry again, with the same id.
    pub(crate) fn retry(&mut self, id: &str) {
        if let Some(outgoing) = self.queue.iter_mut().find(|outgoing| outgoing.id == id) {
            outgoing.stage = Stage::Waiting {
                not_before: Timestamp::EPOCH,
            };
        }
    }

    /// Deletes a rejected entry.
    pub(crate) fn discard(&mut self, id: &str) {
        self.queue
            .retain(|outgoing| outgoing.id != id || !matches!(outgoing.stage, Stage::Rejected(_)));
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
            let text = format!("text of {id}");
            let content = Text {
                text,
                ..Text::default()
            };
            pending.push((*id).into(), content, at(0));
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
    fn a_message_refused_for_the_end_of_the_session_is_sent_after_the_next_sign_in() {
        let mut pending = with(&["a"]);
        let first = pending.next("r", at(0));
        pending.rejected("a", ErrorCode::SignedOut, "Signed out.", None, at(1));
        assert_eq!(pending.delivery("a"), Delivery::Pending);
        assert_eq!(pending.next("r", at(2)), first);
    }

    #[test]
    fn transient_errors_wait_between_one_and_twenty_seconds() {
        for (error, retry_at, due) in [
            (ErrorCode::TryAgain, None, 1_100),
            (ErrorCode::Internal, Some(at(50)), 1_100),
            (ErrorCode::TooFast, Some(at(9_000_000)), 20_100),
        ] {
            let mut pending = with(&["a"]);
            pending.next("r", at(0));
            pending.rejected("a", error, "Later.", retry_at, at(100));
            assert_eq!(pending.next("r", at(due - 1)), None, "{error:?}");
            assert!(pending.next("r", at(due)).is_some(), "{error:?}");
        }
    }

    #[test]
    fn a_rejected_message_can_be_retried_with_its_id() {
        let mut pending = with(&["a"]);
        let first = pending.next("r", at(0));
        pending.rejected("a", ErrorCode::Invalid, "Too long.", None, at(1));
        assert_eq!(pending.next("r", at(2)), None);
        pending.retry("a");
        assert_eq!(pending.next("r", at(3)), first);
        pending.discard("a");
        assert_eq!(
            pending.outgoing().count(),
            1,
            "only rejected ones are deleted"
        );
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
    fn a_rejected_message_has_its_reason_and_blocks_no_other() {
        let mut pending = with(&["a", "b"]);
        pending.next("r", at(0));
        pending.rejected("a", ErrorCode::UnknownRoom, "Not your room.", None, at(0));
        assert_eq!(
            pending.delivery("a"),
            Delivery::Failed("Not your room.".into())
        );
        assert_eq!(id_of(pending.next("r", at(1))).as_deref(), Some("b"));
        pending.discard("a");
        assert_eq!(pending.outgoing().count(), 1);
    }

    #[test]
    fn a_throttled_message_is_sent_at_its_retry_time() {
        let mut pending = with(&["a"]);
        pending.next("r", at(0));
        pending.rejected("a", ErrorCode::TooFast, "Slowly.", Some(at(5_000)), at(100));
        assert_eq!(pending.next("r", at(4_999)), None);
        assert_eq!(id_of(pending.next("r", at(5_000))).as_deref(), Some("a"));
    }

    #[test]
    fn an_error_of_a_later_version_is_final_without_a_time() {
        let mut pending = with(&["a", "b"]);
        pending.next("r", at(0));
        pending.rejected("a", ErrorCode::Unknown, "No.", None, at(0));
        assert_eq!(pending.delivery("a"), Delivery::Failed("No.".into()));
        pending.next("r", at(1));
        pending.rejected("b", ErrorCode::Unknown, "Later.", Some(at(5_000)), at(1));
        assert_eq!(pending.next("r", at(4_999)), None);
        assert_eq!(id_of(pending.next("r", at(5_000))).as_deref(), Some("b"));
    }
}
