//! What the service says on the socket.

use domain::Millis;
use wire::frame::Missed;
use wire::{Message, Room as About, ServerFrame, Word};

use super::Chat;
use crate::state::effect::Effect;
use crate::state::link::Link;
use crate::state::room::Room;

impl Chat {
    /// Takes a frame.
    pub fn heard(&mut self, frame: ServerFrame, now: Millis) -> Vec<Effect> {
        let effects = self.take(frame, now);
        self.look();
        effects
    }

    fn take(&mut self, frame: ServerFrame, now: Millis) -> Vec<Effect> {
        match frame {
            ServerFrame::Welcome {
                user,
                rooms,
                missed,
                more,
                more_rooms,
            } => {
                self.me = Some(user);
                self.link = Link::Live;
                self.listed(rooms, !more_rooms, now);
                let mut effects = self.caught_up(missed, more);
                if more_rooms {
                    effects.push(Effect::FetchRooms);
                }
                effects.extend(self.flush(now));
                effects
            }
            ServerFrame::Pong { missed, more, .. } => {
                self.unanswered_since = None;
                self.caught_up(missed, more)
            }
            ServerFrame::Message(message) => self.message(message, now),
            ServerFrame::Ack { id, room, seq, at } => {
                if let (Some(room), Some(me)) = (self.rooms.get_mut(&room), self.me.clone()) {
                    match room.outbox.acknowledged(&id) {
                        Some(outgoing) => room.acknowledged(outgoing, me, seq, at),
                        None => room.about.last_seq = room.about.last_seq.max(seq),
                    }
                }
                self.flush(now)
            }
            ServerFrame::Problem {
                error,
                message,
                id,
                retry_at,
                ..
            } => self.problem(error, &message, id, retry_at, now),
            other => {
                self.company(other, now);
                Vec::new()
            }
        }
    }

    /// The list of one's rooms; `is_whole` if there are no others.
    pub(super) fn listed(&mut self, rooms: Vec<About>, is_whole: bool, now: Millis) {
        if is_whole {
            self.is_listed = true;
            self.rooms
                .retain(|id, _| rooms.iter().any(|about| about.id == *id));
        }
        for about in rooms {
            self.learn(about, now);
        }
        if self.is_listed && self.open_room().is_none() {
            self.current = None;
        }
    }

    /// One room, known or new.
    pub(super) fn learn(&mut self, about: About, now: Millis) {
        match self.rooms.get_mut(&about.id) {
            Some(room) => room.learn(about, now),
            None => {
                self.rooms.insert(about.id.clone(), Room::new(about, now));
            }
        }
    }

    fn caught_up(&mut self, missed: Missed, more: Vec<String>) -> Vec<Effect> {
        let me = self.my_id().to_owned();
        for (id, messages) in missed {
            if let Some(room) = self.rooms.get_mut(&id) {
                for message in messages {
                    room.hear(message, &me);
                }
            }
        }
        more.into_iter()
            .filter_map(|room| {
                let after = self.rooms.get(&room)?.log.cursor()?;
                Some(Effect::FetchAfter { room, after })
            })
            .collect()
    }

    fn message(&mut self, message: Message, now: Millis) -> Vec<Effect> {
        let me = self.my_id().to_owned();
        let Some(room) = self.rooms.get_mut(&message.room) else {
            // A room that we have not heard of: we were away when we came into it.
            return vec![Effect::FetchRooms];
        };
        if message.from.id != me {
            room.presence.spoke(&message.from.id, now);
        }
        room.hear(message, &me);
        self.flush(now)
    }

    fn problem(
        &mut self,
        error: Word,
        message: &str,
        id: Option<String>,
        retry_at: Option<Millis>,
        now: Millis,
    ) -> Vec<Effect> {
        if let Some(id) = id {
            for room in self.rooms.values_mut() {
                room.outbox.refused(&id, error, message, retry_at, now);
            }
        }
        match error {
            Word::SignedOut => vec![Effect::SignedOut],
            _ => self.flush(now),
        }
    }

    /// Who is where and does what.
    fn company(&mut self, frame: ServerFrame, now: Millis) {
        let me = self.my_id().to_owned();
        match frame {
            ServerFrame::Added { room } => self.learn(room, now),
            ServerFrame::Left { room, .. } => {
                self.rooms.remove(&room);
                if self.current.as_ref() == Some(&room) {
                    self.current = None;
                }
            }
            ServerFrame::Joined { room, last_seq, .. } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.about.last_seq = room.about.last_seq.max(last_seq);
                }
            }
            ServerFrame::Member { room, user, joined } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.member(user, joined);
                }
            }
            ServerFrame::Presence {
                room,
                user,
                online,
                until,
            } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.presence.heard(&user.id, online, until, now);
                }
            }
            ServerFrame::Typing { room, user } => {
                if let Some(room) = self.rooms.get_mut(&room)
                    && user.id != me
                {
                    room.presence.spoke(&user.id, now);
                    room.typing.heard(user, now);
                }
            }
            ServerFrame::Read { room, user, seq } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.read_by(&user.id, seq, &me);
                }
            }
            ServerFrame::Welcome { .. }
            | ServerFrame::Pong { .. }
            | ServerFrame::Message(_)
            | ServerFrame::Ack { .. }
            | ServerFrame::Problem { .. } => {}
        }
    }
}
