//! The contract's promises, and nothing more.

use std::collections::BTreeMap;

use chat_client::protocol::frame::{Cursors, Missed};
use chat_client::protocol::http::Page;
use chat_client::protocol::{ClientFrame, Message, Room, RoomKind, ServerFrame, User};
use chat_client::{Fetch, Fetched, Timestamp};

/// How many messages fit into the answer to `hello` or `ping`, per room.
const REPLAYED: usize = 2;
/// How many messages a page of history has at most.
const PAGE: usize = 3;

/// Rooms in which everybody is.
pub struct Service {
    rooms: BTreeMap<String, Vec<Message>>,
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
            rooms: rooms.iter().map(|id| (id.clone(), Vec::new())).collect(),
        }
    }

    pub fn log(&self, room: &str) -> &[Message] {
        &self.rooms[room]
    }

    /// Handles a frame of `user`, who is who holds the socket.
    pub fn handle(&mut self, user: &User, frame: ClientFrame, now: Timestamp) -> Reaction {
        match frame {
            ClientFrame::Hello { rooms } => {
                let (missed, more) = self.replay(rooms);
                Reaction::answer(ServerFrame::Welcome {
                    user: user.clone(),
                    rooms: self.rooms.keys().map(|id| self.about(id)).collect(),
                    missed,
                    more,
                    more_rooms: false,
                })
            }
            ClientFrame::Ping { rooms } => {
                let (missed, more) = self.replay(rooms);
                Reaction::answer(ServerFrame::Pong {
                    at: now,
                    missed,
                    more,
                    reads: BTreeMap::new(),
                })
            }
            ClientFrame::Message { id, room, text } => self.keep(user, id, &room, text, now),
            _ => Reaction::default(),
        }
    }

    /// Answers a request.
    pub fn fetch(&self, fetch: &Fetch) -> Fetched {
        let page = |room: &str, wanted: &dyn Fn(i64) -> bool, newest: bool| {
            let found: Vec<Message> = self.rooms[room]
                .iter()
                .filter(|message| wanted(message.seq))
                .cloned()
                .collect();
            let most = found.len().min(PAGE);
            page_of(if newest {
                found[found.len() - most..].to_vec()
            } else {
                found[..most].to_vec()
            })
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
            Fetch::After { room, after } => Fetched::After {
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
        text: String,
        at: Timestamp,
    ) -> Reaction {
        let log = self.rooms.get_mut(room).expect("a room that there is");
        let sent = |message: &&Message| message.from.id == user.id && message.id == id;
        let ack = |message: &Message| ServerFrame::Ack {
            id: message.id.clone(),
            room: message.room.clone(),
            seq: message.seq,
            at: message.at,
        };
        if let Some(before) = log.iter().find(sent) {
            return Reaction::answer(ack(before));
        }
        let message = Message {
            room: room.to_owned(),
            seq: log.len() as i64 + 1,
            id,
            from: user.clone(),
            text,
            at,
        };
        log.push(message.clone());
        Reaction {
            answer: Some(ack(&message)),
            to_others: Some(ServerFrame::Message(message)),
        }
    }

    fn replay(&self, cursors: Option<Cursors>) -> (Missed, Vec<String>) {
        let mut missed = Missed::new();
        let mut more = Vec::new();
        for (room, cursor) in cursors.unwrap_or_default() {
            let after = usize::try_from(cursor).unwrap_or(0);
            let all = self.rooms[&room].get(after..).unwrap_or_default();
            missed.insert(room.clone(), all.iter().take(REPLAYED).cloned().collect());
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
            last_seq: self.rooms[id].len() as i64,
            read_seq: 0,
            last: None,
            last_at: None,
            members: None,
            invited: None,
            online: None,
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

fn page_of(messages: Vec<Message>) -> Page {
    Page {
        first_seq: messages.first().map(|message| message.seq),
        last_seq: messages.last().map(|message| message.seq),
        messages,
    }
}
