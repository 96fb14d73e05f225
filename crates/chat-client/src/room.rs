//! One room as a client knows it.

use std::time::Duration;

use domain::Timestamp;
use protocol::{Member, Message, Role, Room as About, RoomKind, User};

use crate::effect::Fetch;
use crate::log::Log;
use crate::pending::{Outgoing, Pending};
use crate::presence::Presence;
use crate::typing::Typing;

/// How long a hole may be the service's own disorder before it is asked about.
const HOLE_PATIENCE: Duration = Duration::from_secs(1);
/// How long until it is asked about again.
const HOLE_AGAIN: Duration = Duration::from_secs(5);

/// A room, its talk and its people.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// What the service says about it.
    pub about: About,
    /// What was said.
    pub log: Log,
    /// What one is saying.
    pub pending: Pending,
    /// Who is writing.
    pub typing: Typing,
    /// Who is there.
    pub presence: Presence,
    /// Older history is being fetched.
    pub fetching: bool,
    /// What comes after the newest message is being fetched.
    is_catching_up: bool,
    /// Since when something is missing, and whether it was asked for.
    hole: Option<Hole>,
    /// Up to where the service knows that one has read.
    told_read: i64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Hole {
    ask_at: Timestamp,
}

impl Room {
    /// A room that one is in.
    pub(crate) fn new(about: About, now: Timestamp) -> Self {
        let mut room = Self {
            about: about.clone(),
            log: Log::default(),
            pending: Pending::default(),
            typing: Typing::default(),
            presence: Presence::default(),
            fetching: false,
            is_catching_up: false,
            hole: None,
            told_read: 0,
        };
        room.learn(about, now);
        room
    }

    /// Updates the room from a response. Omitted fields stay, and neither the
    /// last message nor the read mark goes back: a response may be older than
    /// later events.
    pub(crate) fn learn(&mut self, about: About, now: Timestamp) {
        if let Some(online) = &about.online {
            self.presence.listed(online, now);
        }
        // Only this arrived for certain; later marks are sent again.
        self.told_read = about.read_seq;
        let before = std::mem::replace(&mut self.about, about);
        self.about.last_seq = self.about.last_seq.max(before.last_seq);
        self.about.read_seq = self.about.read_seq.max(before.read_seq);
        self.about.members = self.about.members.take().or(before.members);
        self.about.invited = self.about.invited.take().or(before.invited);
    }

    /// What to call it.
    pub fn title(&self, me: &str) -> String {
        if self.about.kind == RoomKind::Direct
            && let Some(other) = self.other(me)
        {
            return other.name.clone();
        }
        self.about.name.clone()
    }

    /// The other person of a direct room, once its members are known.
    pub fn other(&self, me: &str) -> Option<&User> {
        let members = self.about.members.as_ref()?;
        members
            .iter()
            .map(|member| &member.user)
            .find(|user| user.id != me)
    }

    /// Whether anybody but oneself is there.
    pub fn has_company(&self, me: &str) -> bool {
        self.presence.users().any(|user| user != me)
    }

    /// How many messages one has not read.
    pub fn unread(&self) -> i64 {
        (self.about.last_seq - self.about.read_seq).max(0)
    }

    /// Handles a message, perhaps the user's own from another device.
    pub(crate) fn hear(&mut self, message: Message, me: &str) {
        self.about.last_seq = self.about.last_seq.max(message.seq);
        self.typing.stopped(&message.from.id);
        if message.from.id == me {
            self.pending.acknowledged(&message.id);
            // Who says something next to what they have read has read that too.
            if message.seq == self.about.read_seq + 1 {
                self.about.read_seq = message.seq;
            }
        }
        self.log.hear(message);
    }

    /// The user has seen the messages up to `seq`. Returns whether the read mark
    /// has moved.
    pub(crate) fn seen(&mut self, seq: i64) -> bool {
        let seq = seq.min(self.about.last_seq);
        let has_moved = seq > self.about.read_seq;
        if has_moved {
            self.about.read_seq = seq;
        }
        has_moved
    }

    /// The read mark, if the service does not know it yet.
    pub(crate) fn untold_read(&mut self) -> Option<i64> {
        let read = self.about.read_seq;
        (read > std::mem::replace(&mut self.told_read, read)).then_some(read)
    }

    /// What one said has its place.
    pub(crate) fn acknowledged(&mut self, outgoing: Outgoing, from: User, seq: i64, at: Timestamp) {
        let me = from.id.clone();
        let message = Message {
            room: self.about.id.clone(),
            seq,
            id: outgoing.id,
            from,
            text: outgoing.text,
            at,
        };
        self.hear(message, &me);
    }

    /// A user joined or left the room.
    pub(crate) fn member(&mut self, user: User, joined: bool) {
        if !joined {
            self.presence.left(&user.id);
            self.typing.stopped(&user.id);
        }
        let Some(members) = &mut self.about.members else {
            return;
        };
        members.retain(|member| member.user.id != user.id);
        if joined {
            members.push(Member {
                user,
                role: Role::Member,
                read_seq: 0,
            });
        }
    }

    /// A user has read up to `seq`.
    pub(crate) fn read_by(&mut self, user: &str, seq: i64, me: &str) {
        if user == me {
            self.about.read_seq = self.about.read_seq.max(seq);
            self.told_read = self.told_read.max(seq);
        }
        for member in self.about.members.iter_mut().flatten() {
            if member.user.id == user {
                member.read_seq = member.read_seq.max(seq);
            }
        }
    }

    /// Whether messages are known to be there that are not here.
    pub fn is_missing_any(&self) -> bool {
        self.log
            .cursor()
            .is_some_and(|cursor| cursor < self.about.last_seq)
    }

    /// What to fetch next of what is missing, unless that is under way.
    pub(crate) fn catch_up(&mut self) -> Option<Fetch> {
        let after = self.log.cursor().filter(|_| !self.is_catching_up)?;
        self.is_catching_up = true;
        let room = self.about.id.clone();
        Some(Fetch::After { room, after })
    }

    /// What was fetched is here, or will not come.
    pub(crate) fn caught_up(&mut self) {
        self.is_catching_up = false;
    }

    /// Whether something is missing for long enough to ask for it now. Messages
    /// of a busy room may overtake each other on their way here, so that a hole
    /// is given a moment to fill by itself.
    pub(crate) fn asks_for_missing(&mut self, now: Timestamp) -> bool {
        if !self.is_missing_any() {
            self.hole = None;
            return false;
        }
        let hole = self.hole.get_or_insert(Hole {
            ask_at: now + HOLE_PATIENCE,
        });
        let is_due = hole.ask_at <= now;
        if is_due {
            hole.ask_at = now + HOLE_AGAIN;
        }
        is_due
    }
}
