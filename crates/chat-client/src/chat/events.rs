//! Frames from the service.

use std::time::Duration;

use domain::Timestamp;
use protocol::frame::{Changes, Missed};
use protocol::{Change, ErrorCode, Message, Room as About, RoomKind, ServerFrame};

use super::{Chat, Departed};
use crate::effect::{Effect, Fetch};
use crate::link::Link;
use crate::room::Room;

/// Time after a message until a `ping` asks for further ones.
const CATCH_UP_DELAY: Duration = Duration::from_secs(30);
/// Time to wait before frames lost by the gateway are sent again.
const GATEWAY_PAUSE: Duration = Duration::from_secs(1);
/// Minimum and maximum time to wait before a rejected `hello` is sent again.
const HELLO_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(20));

impl Chat {
    /// Receives a text frame. A text that is not a frame of the protocol is an error
    /// of API Gateway, such as a crashed function: frames without a response are sent
    /// again.
    pub fn receive_text(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        match serde_json::from_str(text) {
            Ok(frame) => self.receive(frame, now),
            Err(_) => {
                self.gateway_failed(now);
                Vec::new()
            }
        }
    }

    /// Receives a frame.
    pub fn receive(&mut self, frame: ServerFrame, now: Timestamp) -> Vec<Effect> {
        let effects = self.apply(frame, now);
        self.mark_seen();
        effects
    }

    fn apply(&mut self, frame: ServerFrame, now: Timestamp) -> Vec<Effect> {
        match frame {
            ServerFrame::Welcome {
                user,
                rooms,
                missed,
                more,
                more_rooms,
                changes,
                stale,
            } => {
                self.me = Some(user);
                self.link = Link::Live;
                self.attempt = 0;
                let mut effects = self.listed(rooms, !more_rooms, now);
                effects.extend(self.caught_up(missed, more));
                effects.extend(self.changes_caught_up(changes, stale));
                if more_rooms {
                    effects.push(Effect::Fetch(Fetch::Rooms));
                }
                effects.extend(self.refresh_open_room());
                effects.extend(self.flush(now));
                effects
            }
            ServerFrame::Pong {
                missed,
                more,
                reads,
                changes,
                stale,
                ..
            } => {
                self.unanswered_since = None;
                for (room, seq) in reads {
                    if let Some(room) = self.rooms.get_mut(&room) {
                        room.about.read_seq = room.about.read_seq.max(seq);
                    }
                }
                let mut effects = self.caught_up(missed, more);
                effects.extend(self.changes_caught_up(changes, stale));
                effects
            }
            ServerFrame::Message(message) => self.message(message, now),
            ServerFrame::Change(change) => self.change_event(change, now),
            ServerFrame::Ack {
                id,
                room,
                seq,
                rev,
                at,
            } => {
                if let (Some(room), Some(me)) = (self.rooms.get_mut(&room), self.me.clone()) {
                    match rev {
                        Some(rev) => match room.changing.acknowledged(&id) {
                            Some(outgoing) => room.changed(outgoing, me, rev, at),
                            None => room.about.last_rev = room.about.last_rev.max(rev),
                        },
                        None => match room.pending.acknowledged(&id) {
                            Some(outgoing) => room.acknowledged(outgoing, me, seq, at),
                            None => room.about.last_seq = room.about.last_seq.max(seq),
                        },
                    }
                }
                self.schedule_catch_up(now);
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
                self.apply_member_event(other, now);
                Vec::new()
            }
        }
    }

    /// The user's rooms; `is_whole` if there are no others.
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
            self.restored_changes.clear();
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

    /// Fetches the open room: events of presence are not replayed, and a list of rooms
    /// does not describe who is online in a group.
    fn refresh_open_room(&self) -> Option<Effect> {
        let room = self.current.clone()?;
        Some(Effect::Fetch(Fetch::Room { room }))
    }

    /// One room, known or new.
    pub(super) fn learn(&mut self, about: About, now: Timestamp) -> Vec<Effect> {
        if about.kind == RoomKind::Unknown {
            return Vec::new();
        }
        if let Some(room) = self.rooms.get_mut(&about.id) {
            room.update(about, now);
            return Vec::new();
        }
        let room = about.id.clone();
        let mut known = Room::new(about, now);
        for unsent in self.restored.extract_if(.., |unsent| unsent.room == room) {
            known.pending.restore(unsent);
        }
        let mut changes = self
            .restored_changes
            .extract_if(.., |unsent| unsent.room == room);
        changes
            .by_ref()
            .for_each(|unsent| known.changing.restore(unsent));
        drop(changes);
        let me = self.my_id().to_owned();
        let early = self.early_page.take_if(|(id, _)| *id == room);
        let is_outdated = early.is_some_and(|(_, page)| !known.newest(page, &me));
        self.rooms.insert(room.clone(), known);
        if self.follows_all || is_outdated {
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
                    room.receive(message, &me);
                }
            }
        }
        more.into_iter()
            .filter_map(|id| self.rooms.get_mut(&id)?.catch_up())
            .map(Effect::Fetch)
            .collect()
    }

    fn changes_caught_up(&mut self, changes: Changes, stale: Vec<String>) -> Vec<Effect> {
        let me = self.my_id().to_owned();
        for (id, changes) in changes {
            if let Some(room) = self.rooms.get_mut(&id) {
                for change in changes {
                    room.receive_change(change, &me);
                }
            }
        }
        let mut effects = Vec::new();
        for id in stale {
            if let Some(room) = self.rooms.get_mut(&id) {
                room.log.mark_stale();
                effects.extend(room.catch_up().map(Effect::Fetch));
            }
        }
        effects
    }

    fn change_event(&mut self, change: Change, now: Timestamp) -> Vec<Effect> {
        let me = self.my_id().to_owned();
        let Some(room) = self.rooms.get_mut(&change.room) else {
            return vec![Effect::Fetch(Fetch::Rooms)];
        };
        if change.by.id != me {
            room.presence.active(&change.by.id, now);
        }
        room.receive_change(change, &me);
        self.schedule_catch_up(now);
        Vec::new()
    }

    fn message(&mut self, message: Message, now: Timestamp) -> Vec<Effect> {
        let me = self.my_id().to_owned();
        let Some(room) = self.rooms.get_mut(&message.room) else {
            // An unknown room: the user was added while offline.
            return vec![Effect::Fetch(Fetch::Rooms)];
        };
        if message.from.id != me {
            room.presence.active(&message.from.id, now);
        }
        room.receive(message, &me);
        self.schedule_catch_up(now);
        self.flush(now)
    }

    /// The conversation goes on. The next message may not reach this socket, if the
    /// function that passes it on dies, so that it is asked about before long.
    fn schedule_catch_up(&mut self, now: Timestamp) {
        self.ask_at = self.ask_at.min(now + CATCH_UP_DELAY);
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
                    room.pending.rejected(id, error, message, retry_at, now);
                    room.changing.rejected(id, error, message, retry_at, now);
                }
            }
            // A rejected `ping` shows that the socket works. Missing messages are
            // requested again.
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

    fn gateway_failed(&mut self, now: Timestamp) {
        self.unanswered_since = None;
        if let Link::Greeting { again, .. } = &mut self.link {
            *again = Some(now + GATEWAY_PAUSE);
        }
        for room in self.rooms.values_mut() {
            room.pending.resend(now + GATEWAY_PAUSE);
            room.changing.resend(now + GATEWAY_PAUSE);
        }
    }

    /// Members, presence, typing and read marks.
    fn apply_member_event(&mut self, frame: ServerFrame, now: Timestamp) {
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
                    room.presence.changed(&user.id, online, now);
                }
            }
            ServerFrame::Typing { room, user } => {
                if let Some(room) = self.rooms.get_mut(&room)
                    && user.id != me
                {
                    room.presence.active(&user.id, now);
                    room.typing.started(user, now);
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
            | ServerFrame::Change(_)
            | ServerFrame::Ack { .. }
            | ServerFrame::Problem { .. }
            | ServerFrame::Unknown => {}
        }
    }
}
