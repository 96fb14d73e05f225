//! The state of a client.

mod connection;
mod events;
mod fetched;
mod tick;

use std::time::Duration;

use std::collections::BTreeMap;

use domain::{ClientMessageId, MessageText, Timestamp, ValidationError};
use protocol::http::Page;
use protocol::{ChangeKind, ClientFrame, User};

use crate::effect::{Effect, Fetch};
use crate::link::Link;
use crate::pending::{Edit, Text, Unsent};
use crate::room::Room;

/// Minimum time between two `typing` frames.
const TYPING_INTERVAL: Duration = Duration::from_secs(3);

/// A signed-in user's state on one device.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chat {
    /// The signed-in user.
    pub me: Option<User>,
    /// The state of the socket.
    pub link: Link,
    /// The user's rooms, by id.
    pub rooms: BTreeMap<String, Room>,
    /// Whether the rooms have been listed since the sign-in.
    pub is_listed: bool,
    /// The room that is shown.
    pub current: Option<String>,
    /// Whether the newest message of the open room is visible.
    is_watched: bool,
    /// Whether the logs of all rooms are loaded, not only of opened ones.
    follows_all: bool,
    /// Consecutive failed sockets.
    attempt: u32,
    /// When the next `ping` is due.
    ask_at: Timestamp,
    last_typing: Timestamp,
    /// When the first `ping` without a `pong` was sent.
    unanswered_since: Option<Timestamp>,
    /// Failed requests and when to retry them.
    again: Vec<(Timestamp, Fetch)>,
    /// Restored messages of rooms that are not known yet.
    restored: Vec<Unsent>,
    /// Restored changes of rooms that are not known yet.
    restored_changes: Vec<Unsent<Edit>>,
    /// The newest page of the open room, if it came before the room's description.
    early_page: Option<(String, Page)>,
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
    /// The initial state of `user`.
    pub fn of(user: User) -> Self {
        Self {
            me: Some(user),
            ..Self::default()
        }
    }

    /// Loads the log of every room, as a bot needs. Otherwise a room's log is loaded
    /// when the room is opened.
    pub fn follow_all(&mut self) {
        self.follows_all = true;
    }

    /// The user's id, empty before the sign-in.
    pub fn my_id(&self) -> &str {
        self.me.as_ref().map_or("", |me| me.id.as_str())
    }

    /// The open room.
    pub fn open_room(&self) -> Option<&Room> {
        self.rooms.get(self.current.as_ref()?)
    }

    /// The number of unread messages in all rooms.
    pub fn unread(&self) -> i64 {
        self.rooms.values().map(Room::unread).sum()
    }

    /// Shows a room, and fetches its members and messages.
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

    /// Shows no room. The membership is not changed.
    pub fn close_room(&mut self) {
        self.current = None;
    }

    /// Sets whether the newest message of the open room is visible. Returns whether
    /// the number of unread messages changed.
    pub fn watched(&mut self, is_watched: bool) -> bool {
        let unread = self.unread();
        self.is_watched = is_watched;
        self.mark_seen();
        self.unread() != unread
    }

    /// Marks the messages of a room up to `seq` as read. Returns whether the mark
    /// has moved.
    pub fn read_up_to(&mut self, room: &str, seq: i64) -> bool {
        self.rooms.get_mut(room).is_some_and(|room| room.seen(seq))
    }

    /// Loads the messages around one of the open room, in place of the loaded ones if
    /// they are far away.
    pub fn seek(&self, seq: i64) -> Vec<Effect> {
        let room = self.open_room().map(|room| room.about.id.clone());
        let fetch = room.map(|room| Fetch::Around { room, seq });
        fetch.map(Effect::Fetch).into_iter().collect()
    }

    /// Whether [`Chat::take_departed`] has any.
    pub fn has_departed(&self) -> bool {
        !self.departed.is_empty()
    }

    /// The rooms that the user has left, or was removed from, since the last call.
    pub fn take_departed(&mut self) -> Vec<Departed> {
        std::mem::take(&mut self.departed)
    }

    /// Sends a message under a unique id: now or on a later socket, and once.
    ///
    /// # Errors
    /// If the id or the text is invalid, or the user is not a member of the room.
    pub fn send(
        &mut self,
        room: &str,
        id: String,
        text: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, ValidationError> {
        let content = Text {
            text: text.to_owned(),
            ..Text::default()
        };
        self.send_content(room, id, content, now)
    }

    /// Sends a message that may answer another one or mention users, as
    /// [`Chat::send`] does.
    ///
    /// # Errors
    /// As of [`Chat::send`].
    pub fn send_content(
        &mut self,
        room: &str,
        id: String,
        content: Text,
        now: Timestamp,
    ) -> Result<Vec<Effect>, ValidationError> {
        ClientMessageId::parse("id", &id)?;
        let text = MessageText::parse("text", &content.text)?;
        let content = Text {
            text: text.as_str().to_owned(),
            ..content
        };
        self.member_of(room)?.pending.push(id, content, now);
        self.last_typing = Timestamp::EPOCH;
        Ok(self.flush(now))
    }

    /// Replaces the text of an own message, under a unique id: now or on a later
    /// socket, and once.
    ///
    /// # Errors
    /// If the id or the text is invalid, or the user is not a member of the room.
    pub fn edit(
        &mut self,
        room: &str,
        seq: i64,
        id: String,
        text: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, ValidationError> {
        let text = MessageText::parse("text", text)?.as_str().to_owned();
        self.change(room, seq, id, ChangeKind::Edit { text }, now)
    }

    /// Deletes a message, as [`Chat::edit`] edits it.
    ///
    /// # Errors
    /// If the id is invalid, or the user is not a member of the room.
    pub fn delete(
        &mut self,
        room: &str,
        seq: i64,
        id: String,
        now: Timestamp,
    ) -> Result<Vec<Effect>, ValidationError> {
        self.change(room, seq, id, ChangeKind::Delete, now)
    }

    /// Adds a reaction to a message or removes it, as [`Chat::edit`] edits it.
    ///
    /// # Errors
    /// If the id is invalid, or the user is not a member of the room.
    pub fn react(
        &mut self,
        room: &str,
        seq: i64,
        id: String,
        (emoji, on): (&str, bool),
        now: Timestamp,
    ) -> Result<Vec<Effect>, ValidationError> {
        let emoji = emoji.to_owned();
        self.change(room, seq, id, ChangeKind::React { emoji, on }, now)
    }

    /// Pins a message or unpins it, as [`Chat::edit`] edits it.
    ///
    /// # Errors
    /// If the id is invalid, or the user is not a member of the room.
    pub fn pin(
        &mut self,
        room: &str,
        seq: i64,
        id: String,
        on: bool,
        now: Timestamp,
    ) -> Result<Vec<Effect>, ValidationError> {
        self.change(room, seq, id, ChangeKind::Pin { on }, now)
    }

    fn change(
        &mut self,
        room: &str,
        seq: i64,
        id: String,
        kind: ChangeKind,
        now: Timestamp,
    ) -> Result<Vec<Effect>, ValidationError> {
        ClientMessageId::parse("id", &id)?;
        let change = Edit { seq, kind };
        self.member_of(room)?.changing.push(id, change, now);
        Ok(self.flush(now))
    }

    fn member_of(&mut self, room: &str) -> Result<&mut Room, ValidationError> {
        let refused = || ValidationError::new("room", "You are not a member of this room.");
        self.rooms.get_mut(room).ok_or_else(refused)
    }

    /// The changes without an acknowledgement, to be stored and given to
    /// [`Chat::restore_changes`] by the next process.
    pub fn unsent_changes(&self) -> Vec<Unsent<Edit>> {
        let outgoing = self
            .rooms
            .iter()
            .flat_map(|(room, known)| known.changing.unsent(room));
        outgoing
            .chain(self.restored_changes.iter().cloned())
            .collect()
    }

    /// Takes over the changes that another process left unsent, as
    /// [`Chat::restore`] does for messages.
    pub fn restore_changes(&mut self, unsent: Vec<Unsent<Edit>>, now: Timestamp) -> Vec<Effect> {
        for unsent in unsent {
            match self.rooms.get_mut(&unsent.room) {
                Some(room) => room.changing.restore(unsent),
                None if self.restored_changes.contains(&unsent) => {}
                None => self.restored_changes.push(unsent),
            }
        }
        self.flush(now)
    }

    /// The messages without an acknowledgement, to be stored and given to
    /// [`Chat::restore`] by the next process.
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

    /// Sends a rejected message or change of the open room again.
    pub fn retry(&mut self, id: &str, now: Timestamp) -> Vec<Effect> {
        if let Some(room) = self.current_mut() {
            room.pending.retry(id);
            room.changing.retry(id);
        }
        self.flush(now)
    }

    /// Deletes a rejected message or change of the open room.
    pub fn discard(&mut self, id: &str) {
        if let Some(room) = self.current_mut() {
            room.pending.discard(id);
            room.changing.discard(id);
        }
    }

    /// The user is typing in the open room.
    pub fn typing(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(room) = self.current.clone() else {
            return Vec::new();
        };
        if self.link != Link::Live || now.saturating_since(self.last_typing) < TYPING_INTERVAL {
            return Vec::new();
        }
        self.last_typing = now;
        vec![Effect::Send(ClientFrame::Typing { room })]
    }

    /// The first loaded message of the open room is visible: fetches older ones.
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

    /// The messages and changes to send now.
    fn flush(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.link != Link::Live {
            return Vec::new();
        }
        self.rooms
            .iter_mut()
            .flat_map(|(id, room)| [room.pending.next(id, now), room.changing.next(id, now)])
            .flatten()
            .map(Effect::Send)
            .collect()
    }

    fn current_mut(&mut self) -> Option<&mut Room> {
        self.rooms.get_mut(self.current.as_ref()?)
    }

    /// Marks the open room as read, if its newest message is visible.
    fn mark_seen(&mut self) {
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
