//! What the service says on the socket.

use std::time::Duration;

use domain::Timestamp;
use protocol::frame::Missed;
use protocol::{ErrorCode, Message, Room as About, RoomKind, ServerFrame};

use super::{Chat, Departed};
use crate::effect::{Effect, Fetch};
use crate::link::Link;
use crate::room::Room;

/// How long after a message it is asked whether more was said.
const DOUBT: Duration = Duration::from_secs(30);
/// How long to wait before what the gateway lost is said again.
const GATEWAY_PAUSE: Duration = Duration::from_secs(1);
/// How long to wait before a refused `hello` is said again, at least and at most.
const HELLO_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(20));

impl Chat {
    /// Takes the text of a frame. What is no frame of the contract is the
    /// gateway's own word on a fault, such as a function that died: whatever had
    /// no answer until then is said again.
    pub fn heard_text(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        match serde_json::from_str(text) {
            Ok(frame) => self.heard(frame, now),
            Err(_) => {
                self.lost_by_the_gateway(now);
                Vec::new()
            }
        }
    }

    /// Takes a frame.
    pub fn heard(&mut self, frame: ServerFrame, now: Timestamp) -> Vec<Effect> {
        let effects = self.take(frame, now);
        self.look();
        effects
    }

    fn take(&mut self, frame: ServerFrame, now: Timestamp) -> Vec<Effect> {
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
                self.attempt = 0;
                let mut effects = self.listed(rooms, !more_rooms, now);
                effects.extend(self.caught_up(missed, more));
                if more_rooms {
                    effects.push(Effect::Fetch(Fetch::Rooms));
                }
                effects.extend(self.flush(now));
                effects
            }
            ServerFrame::Pong {
                missed,
                more,
                reads,
                ..
            } => {
                self.unanswered_since = None;
                for (room, seq) in reads {
                    if let Some(room) = self.rooms.get_mut(&room) {
                        room.about.read_seq = room.about.read_seq.max(seq);
                    }
                }
                self.caught_up(missed, more)
            }
            ServerFrame::Message(message) => self.message(message, now),
            ServerFrame::Ack { id, room, seq, at } => {
                if let (Some(room), Some(me)) = (self.rooms.get_mut(&room), self.me.clone()) {
                    match room.pending.acknowledged(&id) {
                        Some(outgoing) => room.acknowledged(outgoing, me, seq, at),
                        None => room.about.last_seq = room.about.last_seq.max(seq),
                    }
                }
                self.talk_goes_on(now);
                self.flush(now)
            }
            ServerFrame::Problem {
                error,
                message,
                id,
                retry_at,
                ..
            } => self.problem(error, &message, id, retry_at, now),
            ServerFrame::Added { room } => self.learn(room, now),
            other => {
                self.company(other, now);
                Vec::new()
            }
        }
    }

    /// The list of one's rooms; `is_whole` if there are no others.
    pub(super) fn listed(
        &mut self,
        rooms: Vec<About>,
        is_whole: bool,
        now: Timestamp,
    ) -> Vec<Effect> {
        if is_whole {
            self.is_listed = true;
            let is_gone = |id: &&String| rooms.iter().all(|about| about.id != **id);
            let gone: Vec<String> = self.rooms.keys().filter(is_gone).cloned().collect();
            for room in gone {
                self.depart(&room);
            }
        }
        let mut effects = Vec::new();
        for about in rooms {
            effects.extend(self.learn(about, now));
        }
        if is_whole {
            // The rest was written in rooms that the user is no longer in.
            for unsent in std::mem::take(&mut self.restored) {
                self.departed.push(Departed {
                    room: unsent.room.clone(),
                    title: String::new(),
                    unsent: vec![unsent],
                });
            }
        }
        if self.is_listed && self.open_room().is_none() {
            self.current = None;
        }
        effects
    }

    /// One room, known or new.
    pub(super) fn learn(&mut self, about: About, now: Timestamp) -> Vec<Effect> {
        if about.kind == RoomKind::Unknown {
            return Vec::new();
        }
        if let Some(room) = self.rooms.get_mut(&about.id) {
            room.learn(about, now);
            return Vec::new();
        }
        let room = about.id.clone();
        let mut known = Room::new(about, now);
        for unsent in self.restored.extract_if(.., |unsent| unsent.room == room) {
            known.pending.restore(unsent);
        }
        self.rooms.insert(room.clone(), known);
        if self.follows_all {
            vec![Effect::Fetch(Fetch::Newest { room })]
        } else {
            Vec::new()
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
            .filter_map(|id| self.rooms.get_mut(&id)?.catch_up())
            .map(Effect::Fetch)
            .collect()
    }

    fn message(&mut self, message: Message, now: Timestamp) -> Vec<Effect> {
        let me = self.my_id().to_owned();
        let Some(room) = self.rooms.get_mut(&message.room) else {
            // A room that we have not heard of: we were away when we came into it.
            return vec![Effect::Fetch(Fetch::Rooms)];
        };
        if message.from.id != me {
            room.presence.spoke(&message.from.id, now);
        }
        room.hear(message, &me);
        self.talk_goes_on(now);
        self.flush(now)
    }

    /// Somebody talks. What is said next may not reach this socket, if the
    /// function that passes it on dies, so that it is asked about before long.
    fn talk_goes_on(&mut self, now: Timestamp) {
        self.ask_at = self.ask_at.min(now + DOUBT);
    }

    fn problem(
        &mut self,
        error: ErrorCode,
        message: &str,
        id: Option<String>,
        retry_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<Effect> {
        match &id {
            Some(id) => {
                for room in self.rooms.values_mut() {
                    room.pending.refused(id, error, message, retry_at, now);
                }
            }
            // A `ping` that is refused shows that the socket lives; what it was
            // to bring is asked for again as long as it is missing.
            None => self.unanswered_since = None,
        }
        if error == ErrorCode::SignedOut {
            return self.signed_out();
        }
        if let Link::Greeting { again, .. } = &mut self.link {
            let (least, most) = HELLO_PAUSE;
            *again = Some(retry_at.unwrap_or_default().clamp(now + least, now + most));
        }
        self.flush(now)
    }

    fn lost_by_the_gateway(&mut self, now: Timestamp) {
        self.unanswered_since = None;
        if let Link::Greeting { again, .. } = &mut self.link {
            *again = Some(now + GATEWAY_PAUSE);
        }
        for room in self.rooms.values_mut() {
            room.pending.put_off(now + GATEWAY_PAUSE);
        }
    }

    /// Who is where and does what.
    fn company(&mut self, frame: ServerFrame, now: Timestamp) {
        let me = self.my_id().to_owned();
        match frame {
            ServerFrame::Left { room, .. } => self.depart(&room),
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
                room, user, online, ..
            } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.presence.heard(&user.id, online, now);
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
            | ServerFrame::Added { .. }
            | ServerFrame::Pong { .. }
            | ServerFrame::Message(_)
            | ServerFrame::Ack { .. }
            | ServerFrame::Problem { .. }
            | ServerFrame::Unknown => {}
        }
    }
}
