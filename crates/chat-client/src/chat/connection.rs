//! Sockets that come and go.

use std::time::Duration;

use domain::Timestamp;
use protocol::ClientFrame;
use protocol::frame::Cursors;

use super::Chat;
use super::tick::ANSWER;
use crate::effect::Effect;
use crate::link::{Link, back_off};
use crate::room::Room;

/// How long to ask nothing at the most: a presence runs out after five minutes.
const SILENCE: Duration = Duration::from_mins(4);

/// How long to wait for the answer of a socket that may have lost its network.
const OFFLINE_ANSWER: Duration = Duration::from_secs(2);

impl Chat {
    /// A socket is wanted from now on.
    pub fn connect(&mut self, now: Timestamp) -> Vec<Effect> {
        self.link = Link::Opening(now);
        self.unanswered_since = None;
        for room in self.rooms.values_mut() {
            room.pending.disconnected();
        }
        vec![Effect::Connect {
            after: Duration::ZERO,
        }]
    }

    /// The socket is open.
    pub fn opened(&mut self, now: Timestamp) -> Vec<Effect> {
        self.greet(now)
    }

    /// The socket is gone, or did not open. `chance`, from 0 to 1, spreads those
    /// who come back.
    pub fn closed(&mut self, now: Timestamp, chance: f64) -> Vec<Effect> {
        if self.link == Link::Closed {
            return Vec::new();
        }
        let after = back_off(self.attempt, chance);
        self.attempt = self.attempt.saturating_add(1);
        self.connect(now);
        self.link = Link::Opening(now + after);
        vec![Effect::Connect { after }]
    }

    /// The machine has slept or was offline: opens a socket now rather than when
    /// the wait is over, or asks at once whether the open one still lives and
    /// what was missed.
    pub fn woke(&mut self, now: Timestamp) -> Vec<Effect> {
        match self.link {
            Link::Opening(at) if at > now => self.connect(now),
            Link::Live if self.unanswered_since.is_none() => self.ask(now),
            _ => Vec::new(),
        }
    }

    /// The network is said to be gone, which a socket may not notice for minutes:
    /// asks, and gives up the socket unless it answers within two seconds.
    pub fn went_offline(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.link != Link::Live {
            return Vec::new();
        }
        self.unanswered_since = Some(now - (ANSWER - OFFLINE_ANSWER));
        self.ask(now)
    }

    /// The session has ended: no socket is wanted any more.
    pub fn signed_out(&mut self) -> Vec<Effect> {
        self.link = Link::Closed;
        self.again.clear();
        vec![Effect::SignedOut]
    }

    /// Says what is here already and asks for the rest.
    pub(super) fn greet(&mut self, now: Timestamp) -> Vec<Effect> {
        self.link = Link::Greeting {
            since: now,
            again: None,
        };
        self.ask_at = now + SILENCE;
        let rooms = self.cursors(|_| true);
        vec![Effect::Send(ClientFrame::Hello { rooms })]
    }

    /// Asks what was missed in all rooms.
    pub(super) fn ask(&mut self, now: Timestamp) -> Vec<Effect> {
        self.ask_at = now + SILENCE;
        self.ping(|_| true, now)
    }

    /// Asks what was missed in some rooms.
    pub(super) fn ping(&mut self, about: impl Fn(&Room) -> bool, now: Timestamp) -> Vec<Effect> {
        self.unanswered_since.get_or_insert(now);
        let rooms = self.cursors(about);
        vec![Effect::Send(ClientFrame::Ping { rooms })]
    }

    /// What is here already, of the rooms of which anything is.
    fn cursors(&self, about: impl Fn(&Room) -> bool) -> Option<Cursors> {
        let cursors: Cursors = self
            .rooms
            .iter()
            .filter(|(_, room)| about(room))
            .filter_map(|(id, room)| Some((id.clone(), room.log.cursor()?)))
            .collect();
        (!cursors.is_empty()).then_some(cursors)
    }
}
