//! Timeouts and periodic work.

use std::time::Duration;

use domain::Timestamp;
use protocol::ClientFrame;

use super::Chat;
use crate::effect::{Effect, Fetch};
use crate::link::Link;
use crate::room::Room;

/// Time to wait for `welcome` or `pong`.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a socket to open.
const OPEN_TIMEOUT: Duration = Duration::from_secs(40);

impl Chat {
    /// To be called about once a second. Returns whether typing or presence changed,
    /// and effects.
    pub fn tick(&mut self, now: Timestamp) -> (bool, Vec<Effect>) {
        let mut has_changed = false;
        for room in self.rooms.values_mut() {
            has_changed |= room.typing.expire(now);
            has_changed |= room.presence.expire(now);
        }
        if self.link == Link::Closed {
            return (has_changed, Vec::new());
        }
        let mut effects = self.retry_fetches(now);
        if self.is_timed_out(now) {
            effects.extend(self.connect(now));
            return (true, effects);
        }
        effects.extend(match self.link {
            Link::Live => self.send_due(now),
            Link::Greeting {
                again: Some(at), ..
            } if at <= now => self.hello(now),
            _ => Vec::new(),
        });
        (has_changed, effects)
    }

    /// Whether the socket is unresponsive.
    fn is_timed_out(&mut self, now: Timestamp) -> bool {
        let is_silent = match self.link {
            Link::Closed => false,
            Link::Opening(at) => now.saturating_since(at) >= OPEN_TIMEOUT,
            Link::Greeting { since, again } => {
                again.is_none() && now.saturating_since(since) >= RESPONSE_TIMEOUT
            }
            Link::Live => self
                .unanswered_since
                .is_some_and(|since| now.saturating_since(since) >= RESPONSE_TIMEOUT),
        };
        let is_overdue =
            |room: &Room| room.pending.is_overdue(now) || room.changing.is_overdue(now);
        is_silent || self.rooms.values().any(is_overdue)
    }

    /// Sends what is due on a live socket.
    fn send_due(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = self.flush(now);
        effects.extend(self.read_marks());
        if let Some(room) = self.current.as_ref().and_then(|id| self.rooms.get_mut(id))
            && room.presence.needs_refresh(now)
        {
            let room = room.about.id.clone();
            effects.push(Effect::Fetch(Fetch::Room { room }));
        }
        let missing: Vec<String> = self
            .rooms
            .values_mut()
            .filter_map(|room| room.needs_catch_up(now).then(|| room.about.id.clone()))
            .collect();
        if !missing.is_empty() {
            effects.extend(self.ping(|room| missing.contains(&room.about.id), now));
        } else if self.ask_at <= now {
            effects.extend(self.ping_all(now));
        }
        effects
    }

    /// New read marks, at most one per room and tick.
    fn read_marks(&mut self) -> Vec<Effect> {
        self.rooms
            .iter_mut()
            .filter_map(|(id, room)| {
                let (room, seq) = (id.clone(), room.take_unsent_read()?);
                Some(Effect::Send(ClientFrame::Read { room, seq }))
            })
            .collect()
    }
}
