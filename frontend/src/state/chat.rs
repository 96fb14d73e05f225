//! Everything behind the sign-in: one's rooms, and the talk with the service.

mod events;
mod fetched;
mod tick;

use std::collections::BTreeMap;

use domain::time::SECOND;
use domain::{MessageText, Millis};
use wire::frame::Cursors;
use wire::{ClientFrame, User};

pub use fetched::Fetched;

use super::effect::Effect;
use super::failure::Problem;
use super::link::Link;
use super::room::Room;

/// How often at the most one tells that one writes.
const TYPING_AGAIN: Millis = 3 * SECOND;

/// What somebody who is signed in sees.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chat {
    /// Who one is.
    pub me: Option<User>,
    /// The socket.
    pub link: Link,
    /// The rooms that one is in, by id.
    pub rooms: BTreeMap<String, Room>,
    /// Whether the rooms have been listed since the sign-in.
    pub is_listed: bool,
    /// The room that is open.
    pub current: Option<String>,
    /// Whether somebody looks at the newest message of the open room.
    is_watched: bool,
    last_said: Millis,
    last_typing: Millis,
    unanswered_since: Option<Millis>,
}

impl Chat {
    /// The page of `user`, before anything is known.
    pub fn of(user: User) -> Self {
        Self {
            me: Some(user),
            ..Self::default()
        }
    }

    /// One's own id, empty before the sign-in.
    pub fn my_id(&self) -> &str {
        self.me.as_ref().map_or("", |me| me.id.as_str())
    }

    /// The open room.
    pub fn open_room(&self) -> Option<&Room> {
        self.rooms.get(self.current.as_ref()?)
    }

    /// All messages that one has not read.
    pub fn unread(&self) -> i64 {
        self.rooms.values().map(Room::unread).sum()
    }

    /// The socket is open.
    pub fn opened(&mut self, now: Millis) -> Vec<Effect> {
        self.link = Link::Greeting(now);
        let cursors = self.cursors(|_| true);
        self.say(ClientFrame::Hello { rooms: cursors }, now)
    }

    /// The socket is gone.
    pub fn closed(&mut self) {
        self.link = Link::Closed;
        self.unanswered_since = None;
        for room in self.rooms.values_mut() {
            room.outbox.disconnected();
        }
    }

    /// Goes to a room.
    pub fn open(&mut self, room: &str) -> Vec<Effect> {
        self.current = Some(room.to_owned());
        self.last_typing = 0;
        let mut effects = vec![Effect::FetchRoom { room: room.into() }];
        if self
            .rooms
            .get(room)
            .is_none_or(|room| !room.log.is_loaded())
        {
            effects.push(Effect::FetchNewest { room: room.into() });
        }
        effects
    }

    /// Goes back to the list.
    pub fn close_room(&mut self) {
        self.current = None;
    }

    /// Whether the newest message of the open room can be seen now. Says
    /// whether anything that is drawn has changed by it.
    pub fn watched(&mut self, is_watched: bool) -> bool {
        let unread = self.unread();
        self.is_watched = is_watched;
        self.look();
        self.unread() != unread
    }

    /// Says something in the open room, under an id that nothing else has.
    pub fn send(&mut self, id: String, text: &str, now: Millis) -> Result<Vec<Effect>, Problem> {
        let text = MessageText::parse("text", text)?;
        if let Some(room) = self.current.as_ref().and_then(|id| self.rooms.get_mut(id)) {
            room.outbox.push(id, text.as_str().to_owned(), now);
        }
        self.last_typing = 0;
        Ok(self.flush(now))
    }

    /// Tries a refused message again.
    pub fn retry(&mut self, id: &str, now: Millis) -> Vec<Effect> {
        if let Some(room) = self.current.as_ref().and_then(|id| self.rooms.get_mut(id)) {
            room.outbox.retry(id);
        }
        self.flush(now)
    }

    /// Forgets a refused message.
    pub fn discard(&mut self, id: &str) {
        if let Some(room) = self.current.as_ref().and_then(|id| self.rooms.get_mut(id)) {
            room.outbox.discard(id);
        }
    }

    /// One writes in the open room.
    pub fn typing(&mut self, now: Millis) -> Vec<Effect> {
        let Some(room) = self.current.clone() else {
            return Vec::new();
        };
        if self.link != Link::Live || now - self.last_typing < TYPING_AGAIN {
            return Vec::new();
        }
        self.last_typing = now;
        self.say(ClientFrame::Typing { room }, now)
    }

    /// One has scrolled to the first message that is here.
    pub fn scrolled_up(&mut self) -> Vec<Effect> {
        let Some(room) = self.current.as_ref().and_then(|id| self.rooms.get_mut(id)) else {
            return Vec::new();
        };
        match room.log.older_than() {
            Some(before) if !room.fetching => {
                room.fetching = true;
                let room = room.about.id.clone();
                vec![Effect::FetchOlder { room, before }]
            }
            _ => Vec::new(),
        }
    }

    /// The browser has slept or was offline: asks at once whether the socket
    /// still lives and what was missed.
    pub fn woke(&mut self, now: Millis) -> Vec<Effect> {
        if self.link != Link::Live || self.unanswered_since.is_some() {
            return Vec::new();
        }
        self.ping(|_| true, now)
    }

    /// What may go out now.
    fn flush(&mut self, now: Millis) -> Vec<Effect> {
        if self.link != Link::Live {
            return Vec::new();
        }
        let effects: Vec<Effect> = self
            .rooms
            .iter_mut()
            .filter_map(|(id, room)| room.outbox.next(id, now))
            .map(Effect::Send)
            .collect();
        if !effects.is_empty() {
            self.last_said = now;
        }
        effects
    }

    fn say(&mut self, frame: ClientFrame, now: Millis) -> Vec<Effect> {
        self.last_said = now;
        vec![Effect::Send(frame)]
    }

    fn ping(&mut self, about: impl Fn(&Room) -> bool, now: Millis) -> Vec<Effect> {
        self.unanswered_since.get_or_insert(now);
        let rooms = self.cursors(about);
        self.say(ClientFrame::Ping { rooms }, now)
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

    /// What is in view of the open room is read.
    fn look(&mut self) {
        if self.is_watched
            && let Some(room) = self.current.as_ref().and_then(|id| self.rooms.get_mut(id))
        {
            room.seen();
        }
    }
}

#[cfg(test)]
mod tests;
