//! The contract's promises, and nothing more.

use std::collections::BTreeMap;

use chat_client::protocol::frame::{Changes, Cursors, Missed};
use chat_client::protocol::http::Page;
use chat_client::protocol::{
    Change, ChangeKind, ClientFrame, Message, Room, RoomKind, ServerFrame, User,
};
use chat_client::{Fetch, Fetched, Timestamp};
use domain::changes::{apply, quote};

/// How many messages fit into the answer to `hello` or `ping`, per room.
const REPLAYED: usize = 2;
/// How many changes fit into the answer to `hello` or `ping`, per room. A room
/// with more is stale.
const CHANGES_REPLAYED: usize = 4;
/// How many messages a page of history has at most.
const PAGE: usize = 3;

/// Rooms in which everybody is.
pub struct Service {
    rooms: BTreeMap<String, Log>,
}

/// The two logs of a room.
#[derive(Default)]
struct Log {
    /// As they were sent.
    messages: Vec<Message>,
    changes: Vec<Change>,
    /// The ids of the changes, with who made them.
    ids: Vec<(String, String)>,
}

impl Log {
    /// A message as `viewer` sees it.
    fn shown(&self, message: &Message, viewer: &str) -> Message {
        let mut shown = message.clone();
        for change in &self.changes {
            if change.seq == Some(message.seq) {
                apply(&mut shown, change, viewer);
            }
        }
        if let Some(quoted) = &mut shown.reply_to {
            let message = &self.messages[quoted.seq as usize - 1];
            let mut message = message.clone();
            message.reply_to = None;
            *quoted = quote(&self.shown(&message, viewer));
        }
        shown
    }
}

/// What a frame brings about.
#[derive(Default)]
pub struct Reaction {
    /// The answer to who sent it.
    pub answer: Option<ServerFrame>,
    /// The event for all other sockets, unless the service dies before.
    pub to_others: Option<ServerFrame>,
}

impl Service {
    pub fn new(rooms: &[String]) -> Self {
        Self {
            rooms: rooms
                .iter()
                .map(|id| (id.clone(), Log::default()))
                .collect(),
        }
    }

    /// The messages of a room as `viewer` sees them.
    pub fn log(&self, room: &str, viewer: &str) -> Vec<Message> {
        let log = &self.rooms[room];
        let shown = log.messages.iter().map(|one| log.shown(one, viewer));
        shown.collect()
    }

    /// Handles a frame of `user`, who is who holds the socket.
    pub fn handle(&mut self, user: &User, frame: ClientFrame, now: Timestamp) -> Reaction {
        match frame {
            ClientFrame::Hello { rooms, revs, .. } => {
                let (missed, more) = self.replay(rooms, &user.id);
                let (changes, stale) = self.replay_changes(revs);
                Reaction::answer(ServerFrame::Welcome {
                    user: user.clone(),
                    rooms: self.rooms.keys().map(|id| self.about(id)).collect(),
                    missed,
                    more,
                    more_rooms: false,
                    changes,
                    stale,
                })
            }
            ClientFrame::Ping { rooms, revs } => {
                let (missed, more) = self.replay(rooms, &user.id);
                let (changes, stale) = self.replay_changes(revs);
                Reaction::answer(ServerFrame::Pong {
                    at: now,
                    missed,
                    more,
                    reads: BTreeMap::new(),
                    changes,
                    stale,
                })
            }
            ClientFrame::Message {
                id,
                room,
                text,
                reply_to,
                ..
            } => self.keep(user, id, &room, (text, reply_to), now),
            ClientFrame::Edit {
                id,
                room,
                seq,
                text,
            } => self.change(user, id, &room, seq, ChangeKind::Edit { text }, now),
            ClientFrame::Delete { id, room, seq } => {
                self.change(user, id, &room, seq, ChangeKind::Delete, now)
            }
            ClientFrame::React {
                id,
                room,
                seq,
                emoji,
                on,
            } => self.change(user, id, &room, seq, ChangeKind::React { emoji, on }, now),
            ClientFrame::Pin { id, room, seq, on } => {
                self.change(user, id, &room, seq, ChangeKind::Pin { on }, now)
            }
            _ => Reaction::default(),
        }
    }

    /// Answers a request.
    pub fn fetch(&self, fetch: &Fetch, viewer: &str) -> Fetched {
        let page = |room: &str, wanted: &dyn Fn(i64) -> bool, newest: bool| {
            let mut found = self.log(room, viewer);
            found.retain(|message| wanted(message.seq));
            let most = found.len().min(PAGE);
            let rev = self.rooms[room].changes.len() as i64;
            page_of(
                rev,
                if newest {
                    found[found.len() - most..].to_vec()
                } else {
                    found[..most].to_vec()
                },
            )
        };
        match fetch.clone() {
            Fetch::Rooms => Fetched::Rooms(self.rooms.keys().map(|id| self.about(id)).collect()),
            Fetch::Room { room } => Fetched::Room(self.about(&room)),
            Fetch::Newest { room } => Fetched::Newest {
                page: page(&room, &|_| true, true),
                room,
            },
            Fetch::Older { room, before } => Fetched::Older {
                page: page(&room, &|seq| seq < before, true),
                room,
            },
            Fetch::Around { room, seq } => Fetched::Around {
                page: page(
                    &room,
                    &|other| (seq - other).abs() <= PAGE as i64 / 2,
                    false,
                ),
                room,
            },
            Fetch::After { room, after } => Fetched::After {
                after,
                page: page(&room, &|seq| seq > after, false),
                room,
            },
        }
    }

    fn keep(
        &mut self,
        user: &User,
        id: String,
        room: &str,
        (text, reply_to): (String, Option<i64>),
        at: Timestamp,
    ) -> Reaction {
        let log = self.rooms.get_mut(room).expect("a room that there is");
        let sent = |message: &&Message| message.from.id == user.id && message.id == id;
        let ack = |message: &Message| ServerFrame::Ack {
            id: message.id.clone(),
            room: message.room.clone(),
            seq: message.seq,
            rev: None,
            at: message.at,
        };
        if let Some(before) = log.messages.iter().find(sent) {
            return Reaction::answer(ack(before));
        }
        let message = Message {
            room: room.to_owned(),
            seq: log.messages.len() as i64 + 1,
            id,
            from: user.clone(),
            text,
            at,
            reply_to: reply_to.map(|seq| quote(&log.messages[seq as usize - 1])),
            ..Message::default()
        };
        log.messages.push(message.clone());
        let message = log.shown(&message, "");
        Reaction {
            answer: Some(ack(&message)),
            to_others: Some(ServerFrame::Message(message)),
        }
    }

    /// Appends a change that takes effect, and acknowledges any other.
    fn change(
        &mut self,
        user: &User,
        id: String,
        room: &str,
        seq: i64,
        kind: ChangeKind,
        at: Timestamp,
    ) -> Reaction {
        let log = self.rooms.get_mut(room).expect("a room that there is");
        let key = (user.id.clone(), id.clone());
        let ack = |rev, at| ServerFrame::Ack {
            id,
            room: room.to_owned(),
            seq,
            rev: Some(rev),
            at,
        };
        if let Some(place) = log.ids.iter().position(|one| *one == key) {
            return Reaction::answer(ack(place as i64 + 1, log.changes[place].at));
        }
        let shown = log.shown(&log.messages[seq as usize - 1], &user.id);
        let is_in_effect = match &kind {
            ChangeKind::React { emoji, on } => {
                let with = |one: &&chat_client::protocol::Reaction| one.emoji == *emoji;
                shown
                    .reactions
                    .iter()
                    .find(with)
                    .is_some_and(|one| one.mine)
                    == *on
            }
            ChangeKind::Pin { on } => shown.pinned == *on,
            _ => false,
        };
        if shown.deleted.is_some() || is_in_effect {
            return Reaction::answer(ack(0, at));
        }
        let change = Change {
            room: room.to_owned(),
            rev: log.changes.len() as i64 + 1,
            seq: Some(seq),
            by: user.clone(),
            at,
            kind,
        };
        log.changes.push(change.clone());
        log.ids.push(key);
        Reaction {
            answer: Some(ack(change.rev, at)),
            to_others: Some(ServerFrame::Change(change)),
        }
    }

    fn replay_changes(&self, cursors: Option<Cursors>) -> (Changes, Vec<String>) {
        let mut changes = Changes::new();
        let mut stale = Vec::new();
        for (room, cursor) in cursors.unwrap_or_default() {
            let after = usize::try_from(cursor).unwrap_or(0);
            let new = self.rooms[&room].changes.get(after..).unwrap_or_default();
            if new.len() > CHANGES_REPLAYED {
                stale.push(room);
            } else {
                changes.insert(room, new.to_vec());
            }
        }
        (changes, stale)
    }

    fn replay(&self, cursors: Option<Cursors>, viewer: &str) -> (Missed, Vec<String>) {
        let mut missed = Missed::new();
        let mut more = Vec::new();
        for (room, cursor) in cursors.unwrap_or_default() {
            let after = usize::try_from(cursor).unwrap_or(0);
            let log = &self.rooms[&room];
            let all = log.messages.get(after..).unwrap_or_default();
            let some = all.iter().take(REPLAYED);
            let shown = some.map(|one| log.shown(one, viewer)).collect();
            missed.insert(room.clone(), shown);
            if all.len() > REPLAYED {
                more.push(room);
            }
        }
        (missed, more)
    }

    fn about(&self, id: &str) -> Room {
        Room {
            id: id.to_owned(),
            name: id.to_owned(),
            kind: RoomKind::Group,
            last_seq: self.rooms[id].messages.len() as i64,
            last_rev: self.rooms[id].changes.len() as i64,
            ..Room::default()
        }
    }
}

impl Reaction {
    fn answer(frame: ServerFrame) -> Self {
        Self {
            answer: Some(frame),
            to_others: None,
        }
    }
}

fn page_of(rev: i64, messages: Vec<Message>) -> Page {
    Page {
        first_seq: messages.first().map(|message| message.seq),
        last_seq: messages.last().map(|message| message.seq),
        messages,
        rev,
    }
}
