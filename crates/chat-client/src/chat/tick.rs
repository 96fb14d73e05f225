//! What the passing of time brings.

use std::time::Duration;

use domain::Timestamp;
use protocol::ClientFrame;

use super::Chat;
use crate::effect::{Effect, Fetch};
use crate::link::Link;

/// How long to wait for the answer to `hello` or `ping`.
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// How long a socket may take to open.
const OPENING: Duration = Duration::from_secs(40);

impl Chat {
    /// Time passes, about once a second. Says whether anything that is drawn
    /// has changed, and what to do.
    pub fn tick(&mut self, now: Timestamp) -> (bool, Vec<Effect>) {
        let mut has_changed = false;
        for room in self.rooms.values_mut() {
            has_changed |= room.typing.expire(now);
            has_changed |= room.presence.expire(now);
        }
        if self.link == Link::Closed {
            return (has_changed, Vec::new());
        }
        let mut effects = self.fetch_again(now);
        if self.is_given_up(now) {
            effects.extend(self.connect(now));
            return (true, effects);
        }
        effects.extend(match self.link {
            Link::Live => self.keep_up(now),
            Link::Greeting {
                again: Some(at), ..
            } if at <= now => self.greet(now),
            _ => Vec::new(),
        });
        (has_changed, effects)
    }

    /// Whether the socket, open or not, has not answered for too long.
    fn is_given_up(&mut self, now: Timestamp) -> bool {
        let is_silent = match self.link {
            Link::Closed => false,
            Link::Opening(at) => now.saturating_since(at) >= OPENING,
            Link::Greeting { since, again } => {
                again.is_none() && now.saturating_since(since) >= ANSWER
            }
            Link::Live => self
                .unanswered_since
                .is_some_and(|since| now.saturating_since(since) >= ANSWER),
        };
        is_silent || self.rooms.values().any(|room| room.pending.is_overdue(now))
    }

    /// What a socket that lives is used for by itself.
    fn keep_up(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = self.flush(now);
        effects.extend(self.tell_read());
        if let Some(room) = self.current.as_ref().and_then(|id| self.rooms.get_mut(id))
            && room.presence.is_doubtful(now)
        {
            let room = room.about.id.clone();
            effects.push(Effect::Fetch(Fetch::Room { room }));
        }
        let missing: Vec<String> = self
            .rooms
            .values_mut()
            .filter_map(|room| room.asks_for_missing(now).then(|| room.about.id.clone()))
            .collect();
        if !missing.is_empty() {
            effects.extend(self.ping(|room| missing.contains(&room.about.id), now));
        } else if self.ask_at <= now {
            effects.extend(self.ask(now));
        }
        effects
    }

    /// The read marks that the service does not know yet: at most one per room
    /// and tick, however many messages came.
    fn tell_read(&mut self) -> Vec<Effect> {
        self.rooms
            .iter_mut()
            .filter_map(|(id, room)| {
                let (room, seq) = (id.clone(), room.untold_read()?);
                Some(Effect::Send(ClientFrame::Read { room, seq }))
            })
            .collect()
    }
}
