//! One's rooms, and the talk with the service about them.

mod connection;
mod events;
mod fetched;
mod tick;

use std::time::Duration;

use std::collections::BTreeMap;

use domain::{ClientMessageId, MessageText, Timestamp, ValidationError};
use protocol::{ClientFrame, User};

pub use fetched::Fetched;

use crate::effect::{Effect, Fetch};
use crate::link::Link;
use crate::pending::Unsent;
use crate::room::Room;

/// How often at the most one tells that one writes.
const TYPING_AGAIN: Duration = Duration::from_secs(3);

/// The state of a signed-in user on one device.
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
    /// The room that is displayed.
    pub current: Option<String>,
    /// Whether the newest message of the open room is seen.
    is_watched: bool,
    /// Whether all rooms' talk is kept, and not only that of opened ones.
    follows_all: bool,
    /// How many sockets in a row came to nothing.
    attempt: u32,
    /// When to ask at the latest what was missed.
    ask_at: Timestamp,
    last_typing: Timestamp,
    /// Since when a `ping` has had no answer.
    unanswered_since: Option<Timestamp>,
    /// Requests that failed for now, and when to make them again.
    again: Vec<(Timestamp, Fetch)>,
    /// What an earlier process left unsent in rooms that are not known yet.
    restored: Vec<Unsent>,
    /// Rooms that the user is no longer a member of, until they are taken.
    departed: Vec<Departed>,
}

/// A room that the user left or was removed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Departed {
    /// The room's id.
    pub room: String,
    /// What the room was called.
    pub title: String,
    /// Messages that can no longer be sent there.
    pub unsent: Vec<Unsent>,
}

impl Chat {
    /// The chat of `user`, before anything is known.
    pub fn of(user: User) -> Self {
        Self {
            me: Some(user),
            ..Self::default()
        }
    }

    /// Keeps the talk of every room from its newest page on, as a bot does.
    /// Otherwise a room's talk is kept from when it is opened.
    pub fn follow_all(&mut self) {
        self.follows_all = true;
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

    /// Opens a room, with its people and its talk.
    pub fn open(&mut self, room: &str) -> Vec<Effect> {
        self.current = Some(room.to_owned());
        self.last_typing = Timestamp::EPOCH;
        let mut effects = vec![Effect::Fetch(Fetch::Room { room: room.into() })];
        if self
            .rooms
            .get(room)
            .is_none_or(|room| !room.log.is_loaded())
        {
            effects.push(Effect::Fetch(Fetch::Newest { room: room.into() }));
        }
        effects
    }

    /// Leaves the open room's view; one stays a member.
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

    /// Marks the messages of a room up to `seq` as read. Returns whether the mark
    /// has moved.
    pub fn read_up_to(&mut self, room: &str, seq: i64) -> bool {
        self.rooms.get_mut(room).is_some_and(|room| room.seen(seq))
    }

    /// Whether [`Chat::take_departed`] has any.
    pub fn has_departed(&self) -> bool {
        !self.departed.is_empty()
    }

    /// The rooms that the user has left, or was removed from, since the last call.
    pub fn take_departed(&mut self) -> Vec<Departed> {
        std::mem::take(&mut self.departed)
    }

    /// Says something in a room, under an id that nothing else has. It goes out
    /// when it may, now or on a later socket, and once.
    ///
    /// # Errors
    /// When the service would refuse the id or the text, or one is not in the
    /// room.
    pub fn say(
        &mut self,
        room: &str,
        id: String,
        text: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, ValidationError> {
        ClientMessageId::parse("id", &id)?;
        let text = MessageText::parse("text", text)?;
        let Some(room) = self.rooms.get_mut(room) else {
            return Err(ValidationError::new(
                "room",
                "You are not a member of this room.",
            ));
        };
        room.pending.push(id, text.as_str().to_owned(), now);
        self.last_typing = Timestamp::EPOCH;
        Ok(self.flush(now))
    }

    /// All messages without an acknowledgement. Store them and pass them to
    /// [`Chat::restore`] in the next process.
    pub fn unsent(&self) -> Vec<Unsent> {
        let outgoing = self
            .rooms
            .iter()
            .flat_map(|(room, known)| known.pending.unsent(room));
        outgoing.chain(self.restored.iter().cloned()).collect()
    }

    /// Takes over what another process left unsent; messages of rooms that are not
    /// known yet wait for them. A message that had arrived is not sent twice: it
    /// keeps its id.
    pub fn restore(&mut self, unsent: Vec<Unsent>, now: Timestamp) -> Vec<Effect> {
        for unsent in unsent {
            match self.rooms.get_mut(&unsent.room) {
                Some(room) => room.pending.restore(unsent),
                None if self.restored.contains(&unsent) => {}
                None => self.restored.push(unsent),
            }
        }
        self.flush(now)
    }

    /// Tries a refused message of the open room again.
    pub fn retry(&mut self, id: &str, now: Timestamp) -> Vec<Effect> {
        if let Some(room) = self.current_mut() {
            room.pending.retry(id);
        }
        self.flush(now)
    }

    /// Forgets a refused message of the open room.
    pub fn discard(&mut self, id: &str) {
        if let Some(room) = self.current_mut() {
            room.pending.discard(id);
        }
    }

    /// One writes in the open room.
    pub fn typing(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(room) = self.current.clone() else {
            return Vec::new();
        };
        if self.link != Link::Live || now.saturating_since(self.last_typing) < TYPING_AGAIN {
            return Vec::new();
        }
        self.last_typing = now;
        vec![Effect::Send(ClientFrame::Typing { room })]
    }

    /// The first message of the open room that is here is in view, and what was
    /// said before it is wanted.
    pub fn scrolled_up(&mut self) -> Vec<Effect> {
        let Some(room) = self.current_mut() else {
            return Vec::new();
        };
        match room.log.older_than() {
            Some(before) if !room.fetching => {
                room.fetching = true;
                let room = room.about.id.clone();
                vec![Effect::Fetch(Fetch::Older { room, before })]
            }
            _ => Vec::new(),
        }
    }

    /// What may go out now.
    fn flush(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.link != Link::Live {
            return Vec::new();
        }
        self.rooms
            .iter_mut()
            .filter_map(|(id, room)| room.pending.next(id, now))
            .map(Effect::Send)
            .collect()
    }

    fn current_mut(&mut self) -> Option<&mut Room> {
        self.rooms.get_mut(self.current.as_ref()?)
    }

    /// What is in view of the open room is read.
    fn look(&mut self) {
        if self.is_watched
            && let Some(room) = self.current_mut()
            && let Some(newest) = room.log.cursor()
        {
            room.seen(newest);
        }
    }

    /// The user is no longer a member of a room.
    fn depart(&mut self, room: &str) {
        let Some(known) = self.rooms.remove(room) else {
            return;
        };
        let title = known.title(self.my_id());
        let unsent = known.pending.unsent(room).collect();
        let room = room.to_owned();
        if self.current.as_ref() == Some(&room) {
            self.current = None;
        }
        self.departed.push(Departed {
            room,
            title,
            unsent,
        });
    }
}

#[cfg(test)]
mod tests;
