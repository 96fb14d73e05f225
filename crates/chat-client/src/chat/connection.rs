//! Opening and closing sockets.

use std::time::Duration;

use domain::Timestamp;
use protocol::ClientFrame;
use protocol::change::CHANGES;
use protocol::frame::Cursors;

use super::Chat;
use super::tick::RESPONSE_TIMEOUT;
use crate::effect::Effect;
use crate::link::{Link, back_off};
use crate::log::Log;
use crate::room::Room;

/// Time between two `ping`s: a presence lease lasts five minutes.
const PING_INTERVAL: Duration = Duration::from_mins(4);

/// How long to wait for the answer of a socket that may have lost its network.
const OFFLINE_TIMEOUT: Duration = Duration::from_secs(2);

impl Chat {
    /// Opens a socket now, and keeps one open from now on.
    pub fn connect(&mut self, now: Timestamp) -> Vec<Effect> {
        self.link = Link::Opening(now);
        self.unanswered_since = None;
        for room in self.rooms.values_mut() {
            room.pending.disconnected();
            room.changing.disconnected();
        }
        vec![Effect::Connect {
            after: Duration::ZERO,
        }]
    }

    /// The socket is open.
    pub fn opened(&mut self, now: Timestamp) -> Vec<Effect> {
        self.hello(now)
    }

    /// The socket closed, or did not open. `jitter` is a random number from 0 to 1.
    pub fn closed(&mut self, now: Timestamp, jitter: f64) -> Vec<Effect> {
        if self.link == Link::Closed {
            return Vec::new();
        }
        let after = back_off(self.attempt, jitter);
        self.attempt = self.attempt.saturating_add(1);
        self.connect(now);
        self.link = Link::Opening(now + after);
        vec![Effect::Connect { after }]
    }

    /// The machine has slept or was offline: opens a socket without waiting, or sends
    /// a `ping` on the open one.
    pub fn woke(&mut self, now: Timestamp) -> Vec<Effect> {
        match self.link {
            Link::Opening(at) if at > now => self.connect(now),
            Link::Live if self.unanswered_since.is_none() => self.ping_all(now),
            _ => Vec::new(),
        }
    }

    /// The network is said to be gone, which a socket may not notice for minutes:
    /// asks, and gives up the socket unless it answers within two seconds.
    pub fn went_offline(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.link != Link::Live {
            return Vec::new();
        }
        self.unanswered_since = Some(now - (RESPONSE_TIMEOUT - OFFLINE_TIMEOUT));
        self.ping_all(now)
    }

    /// The session has ended: no more sockets are opened.
    pub fn signed_out(&mut self) -> Vec<Effect> {
        self.link = Link::Closed;
        self.again.clear();
        vec![Effect::SignedOut]
    }

    /// Sends `hello` with the cursors.
    pub(super) fn hello(&mut self, now: Timestamp) -> Vec<Effect> {
        self.link = Link::Greeting {
            since: now,
            again: None,
        };
        self.ask_at = now + PING_INTERVAL;
        let (rooms, revs) = self.cursors(|_| true);
        vec![Effect::Send(ClientFrame::Hello {
            rooms,
            revs,
            understands: vec![CHANGES.to_owned()],
        })]
    }

    /// Sends `ping` with the cursors of all rooms.
    pub(super) fn ping_all(&mut self, now: Timestamp) -> Vec<Effect> {
        self.ask_at = now + PING_INTERVAL;
        self.ping(|_| true, now)
    }

    /// Sends `ping` with the cursors of some rooms.
    pub(super) fn ping(&mut self, about: impl Fn(&Room) -> bool, now: Timestamp) -> Vec<Effect> {
        self.unanswered_since.get_or_insert(now);
        let (rooms, revs) = self.cursors(about);
        vec![Effect::Send(ClientFrame::Ping { rooms, revs })]
    }

    /// The cursors of messages and of changes in loaded rooms.
    fn cursors(&self, about: impl Fn(&Room) -> bool) -> (Option<Cursors>, Option<Cursors>) {
        let asked = self.rooms.iter().filter(|(_, room)| about(room));
        let cursors = |cursor: fn(&Log) -> Option<i64>| {
            let rooms = asked.clone();
            let cursors: Cursors = rooms
                .filter_map(|(id, room)| Some((id.clone(), cursor(&room.log)?)))
                .collect();
            (!cursors.is_empty()).then_some(cursors)
        };
        (cursors(Log::cursor), cursors(Log::rev))
    }
}
