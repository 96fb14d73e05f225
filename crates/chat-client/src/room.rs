//! The state of one room.

use std::time::Duration;

use domain::Timestamp;
use domain::changes::{apply, quote};
use protocol::http::Page;
use protocol::model::EVERYBODY;
use protocol::{
    Change, ChangeKind, LastMessage, Member, MemberAct, Message, Quote, Role, Room as About,
    RoomKind, User,
};

use crate::effect::Fetch;
use crate::log::Log;
use crate::pending::{Delivery, Edit, Outgoing, Pending};
use crate::presence::Presence;
use crate::typing::Typing;

/// Time for a gap to be filled by messages that were overtaken.
const GAP_PATIENCE: Duration = Duration::from_secs(1);
/// Time between two requests for missing messages.
const GAP_RETRY: Duration = Duration::from_secs(5);

/// Characters of the newest message in a room's description.
const LAST_CHARS: usize = 80;

/// A room with its messages and members.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// The room as the service describes it.
    pub about: About,
    /// The loaded messages.
    pub log: Log,
    /// Own messages that are not acknowledged yet.
    pub pending: Pending,
    /// Own changes of messages that are not acknowledged yet.
    pub changing: Pending<Edit>,
    /// Typing users.
    pub typing: Typing,
    /// Online users.
    pub presence: Presence,
    /// Whether older messages are being fetched.
    pub fetching: bool,
    /// Whether newer messages are being fetched.
    is_catching_up: bool,
    /// When missing messages are requested next.
    gap: Option<Gap>,
    /// The read mark that the service knows.
    sent_read: i64,
    /// The newest known message of another user that mentions the user.
    mentioned: i64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Gap {
    ask_at: Timestamp,
}

impl Room {
    pub(crate) fn new(about: About, now: Timestamp) -> Self {
        let mut room = Self {
            about: about.clone(),
            log: Log::default(),
            pending: Pending::default(),
            changing: Pending::default(),
            typing: Typing::default(),
            presence: Presence::default(),
            fetching: false,
            is_catching_up: false,
            gap: None,
            sent_read: 0,
            mentioned: 0,
        };
        room.update(about, now);
        room
    }

    /// Receives the room's description. Omitted fields stay, and neither a counter nor
    /// `last` goes back: a response may be older than a frame.
    pub(crate) fn update(&mut self, about: About, now: Timestamp) {
        if let Some(online) = &about.online {
            self.presence.listed(online, now);
        }
        // A later mark may have been lost, and is sent again.
        self.sent_read = about.read_seq;
        let before = std::mem::replace(&mut self.about, about);
        self.about.last_seq = self.about.last_seq.max(before.last_seq);
        self.about.read_seq = self.about.read_seq.max(before.read_seq);
        let last_of = |about: &About| (about.last.as_ref().map(|last| last.seq), about.last_rev);
        if last_of(&before) > last_of(&self.about) {
            self.about.last = before.last;
        }
        self.about.last_at = self.about.last_at.max(before.last_at);
        self.about.last_rev = self.about.last_rev.max(before.last_rev);
        self.about.members = self.about.members.take().or(before.members);
        self.about.invited = self.about.invited.take().or(before.invited);
    }

    /// The title: the other person's name in a direct room.
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

    /// Whether another user is online.
    pub fn has_company(&self, me: &str) -> bool {
        self.presence.users().any(|user| user != me)
    }

    /// The number of unread messages.
    pub fn unread(&self) -> i64 {
        (self.about.last_seq - self.about.read_seq).max(0)
    }

    /// Whether an unread message mentions the user, as far as its messages are known.
    pub fn is_mentioned(&self) -> bool {
        self.mentioned > self.about.read_seq
    }

    /// Looks for mentions of the user.
    pub(crate) fn note_mentions<'m>(
        &mut self,
        messages: impl IntoIterator<Item = &'m Message>,
        me: &str,
    ) {
        for message in messages {
            let mut mentions = message.mentions.iter();
            let is_mentioned = mentions.any(|id| id == me || id == EVERYBODY);
            if is_mentioned && message.from.id != me && message.deleted.is_none() {
                self.mentioned = self.mentioned.max(message.seq);
            }
        }
    }

    /// Receives a message, perhaps the user's own from another device.
    pub(crate) fn receive(&mut self, message: Message, me: &str) {
        self.note(&message, me);
        self.log.receive(message, me);
    }

    /// What a message says of the room, apart from the log.
    pub(crate) fn note(&mut self, message: &Message, me: &str) {
        self.about.last_seq = self.about.last_seq.max(message.seq);
        self.set_last(message);
        self.note_mentions([message], me);
        self.typing.stopped(&message.from.id);
        if message.from.id == me {
            self.pending.acknowledged(&message.id);
            // An own message right after the read mark is read.
            if message.seq == self.about.read_seq + 1 {
                self.about.read_seq = message.seq;
            }
        }
    }

    /// Receives a change, perhaps the user's own from another device.
    pub(crate) fn receive_change(&mut self, change: Change, me: &str) {
        if change.rev > self.about.last_rev {
            self.about.last_rev = change.rev;
            self.change_last(&change);
            self.change_about(&change);
        }
        self.log.receive_change(change, me);
    }

    /// An own change is stored.
    pub(crate) fn changed(&mut self, outgoing: Outgoing<Edit>, by: User, rev: i64, at: Timestamp) {
        let me = by.id.clone();
        let Edit { seq, kind } = outgoing.content;
        let change = Change {
            room: self.about.id.clone(),
            rev,
            seq: Some(seq),
            by,
            at,
            kind,
        };
        self.receive_change(change, &me);
    }

    /// A message with the own changes that are on their way, as the user sees it.
    pub fn with_pending(&self, message: &Message, me: &User) -> Message {
        let mut shown = message.clone();
        let on_their_way = self
            .changing
            .outgoing()
            .filter(|outgoing| outgoing.delivery() == Delivery::Pending);
        for outgoing in on_their_way.filter(|outgoing| outgoing.content.seq == message.seq) {
            let kind = outgoing.content.kind.clone();
            if let ChangeKind::React { emoji, on } = &kind {
                let reaction = shown.reactions.iter().find(|one| one.emoji == *emoji);
                if reaction.is_some_and(|reaction| reaction.mine) == *on {
                    continue;
                }
            }
            let change = Change {
                room: message.room.clone(),
                rev: message.rev.unwrap_or(0),
                seq: Some(message.seq),
                by: me.clone(),
                at: outgoing.at,
                kind,
            };
            apply(&mut shown, &change, &me.id);
        }
        shown.rev = message.rev;
        shown
    }

    /// Receives the newest page. Returns whether it is usable, see [`Log::newest`].
    pub(crate) fn newest(&mut self, page: Page, me: &str) -> bool {
        if let Some(newest) = page.messages.last() {
            self.about.last_seq = self.about.last_seq.max(newest.seq);
            self.set_last(newest);
        }
        self.about.last_rev = self.about.last_rev.max(page.rev);
        self.note_mentions(&page.messages, me);
        self.log.newest(page, me)
    }

    /// Describes the room by this message, if it is its newest.
    fn set_last(&mut self, message: &Message) {
        if self
            .about
            .last
            .as_ref()
            .is_some_and(|last| last.seq >= message.seq)
        {
            return;
        }
        self.about.last = Some(LastMessage {
            seq: message.seq,
            from: message.from.clone(),
            text: message.text.chars().take(LAST_CHARS).collect(),
            at: message.at,
        });
        self.about.last_at = self.about.last_at.max(Some(message.at));
    }

    /// Changes the name, the topic or the roles of the room.
    fn change_about(&mut self, change: &Change) {
        match &change.kind {
            ChangeKind::Room { name, topic } => {
                if let Some(name) = name {
                    self.about.name.clone_from(name);
                }
                if let Some(topic) = topic {
                    self.about.topic = Some(topic.clone()).filter(|topic| !topic.is_empty());
                }
            }
            ChangeKind::Member { user, act } => self.change_role(user, &change.by, *act),
            _ => {}
        }
    }

    fn change_role(&mut self, user: &User, by: &User, act: MemberAct) {
        let (role, moderator) = match act {
            MemberAct::Owner => (Role::Owner, false),
            MemberAct::Moderator => (Role::Member, true),
            MemberAct::Member => (Role::Member, false),
            MemberAct::Joined | MemberAct::Left | MemberAct::Removed | MemberAct::Unknown => return,
        };
        for member in self.about.members.iter_mut().flatten() {
            if member.user.id == user.id {
                (member.role, member.moderator) = (role, moderator);
            } else if act == MemberAct::Owner && member.user.id == by.id {
                // The earlier owner.
                (member.role, member.moderator) = (Role::Member, true);
            }
        }
    }

    /// Changes the description of the newest message.
    fn change_last(&mut self, change: &Change) {
        let Some(last) = &mut self.about.last else {
            return;
        };
        if change.seq != Some(last.seq) {
            return;
        }
        match &change.kind {
            ChangeKind::Edit { text } => last.text = text.chars().take(LAST_CHARS).collect(),
            ChangeKind::Delete => last.text.clear(),
            _ => {}
        }
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
    pub(crate) fn take_unsent_read(&mut self) -> Option<i64> {
        let read = self.about.read_seq;
        (read > std::mem::replace(&mut self.sent_read, read)).then_some(read)
    }

    /// An own message is stored.
    pub(crate) fn acknowledged(&mut self, outgoing: Outgoing, from: User, seq: i64, at: Timestamp) {
        let me = from.id.clone();
        let message = Message {
            room: self.about.id.clone(),
            seq,
            id: outgoing.id,
            from,
            text: outgoing.content.text,
            at,
            reply_to: outgoing.content.reply_to,
            mentions: outgoing.content.mentions,
            ..Message::default()
        };
        self.receive(message, &me);
    }

    /// What a reply to a loaded message shows.
    pub fn quote(&self, seq: i64) -> Option<Quote> {
        self.log.message(seq).map(quote)
    }

    /// A user joined or left.
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
                moderator: false,
                confusable: false,
            });
        }
    }

    /// A user has read up to `seq`.
    pub(crate) fn read_by(&mut self, user: &str, seq: i64, me: &str) {
        if user == me {
            self.about.read_seq = self.about.read_seq.max(seq);
            self.sent_read = self.sent_read.max(seq);
        }
        for member in self.about.members.iter_mut().flatten() {
            if member.user.id == user {
                member.read_seq = member.read_seq.max(seq);
            }
        }
    }

    /// Whether newer messages exist than are loaded.
    pub fn is_missing_any(&self) -> bool {
        self.log
            .cursor()
            .is_some_and(|cursor| cursor < self.about.last_seq)
    }

    /// Whether newer changes exist than are applied.
    fn is_missing_changes(&self) -> bool {
        self.log.rev().is_some_and(|rev| rev < self.about.last_rev)
    }

    /// The fetch of missing messages, unless it is in progress.
    pub(crate) fn catch_up(&mut self) -> Option<Fetch> {
        let after = self.log.next_after().filter(|_| !self.is_catching_up)?;
        self.is_catching_up = true;
        let room = self.about.id.clone();
        Some(Fetch::After { room, after })
    }

    /// The fetch of missing messages has ended.
    pub(crate) fn caught_up(&mut self) {
        self.is_catching_up = false;
    }

    /// Whether missing messages or changes should be requested now. Those of a busy room may
    /// overtake each other, so a gap gets a moment to fill.
    pub(crate) fn needs_catch_up(&mut self, now: Timestamp) -> bool {
        if !self.is_missing_any() && !self.is_missing_changes() {
            self.gap = None;
            return false;
        }
        let gap = self.gap.get_or_insert(Gap {
            ask_at: now + GAP_PATIENCE,
        });
        let is_due = gap.ask_at <= now;
        if is_due {
            gap.ask_at = now + GAP_RETRY;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{at, empty_page, message, page, room, user};

    const ME: &str = "id-of-ann";

    fn member(name: &str) -> Member {
        Member {
            user: user(name),
            role: Role::Member,
            read_seq: 0,
            moderator: false,
            confusable: false,
        }
    }

    fn with_members(kind: RoomKind, members: &[&str]) -> Room {
        let members: Vec<Member> = members.iter().map(|name| member(name)).collect();
        let about = About {
            kind,
            members: (!members.is_empty()).then_some(members),
            ..room("r", 5)
        };
        Room::new(about, at(0))
    }

    #[test]
    fn a_direct_room_is_titled_with_the_other_person_s_name() {
        let direct = with_members(RoomKind::Direct, &["ann", "bob"]);
        assert_eq!(direct.title("id-of-ann"), "bob");
        assert_eq!(direct.title("id-of-bob"), "ann");
        let unknown = with_members(RoomKind::Direct, &[]);
        assert_eq!(unknown.title("id-of-ann"), "Room r");
        let group = with_members(RoomKind::Group, &["ann", "bob"]);
        assert_eq!(group.title("id-of-ann"), "Room r");
    }

    #[test]
    fn only_own_read_marks_change_the_unread_count() {
        let mut room = with_members(RoomKind::Group, &["ann", "bob"]);
        let marks = |room: &Room| -> Vec<i64> {
            let members = room.about.members.iter().flatten();
            members.map(|member| member.read_seq).collect()
        };
        room.read_by("id-of-bob", 3, "id-of-ann");
        assert_eq!((room.unread(), marks(&room)), (5, vec![0, 3]));
        room.read_by("id-of-bob", 2, "id-of-ann");
        assert_eq!(marks(&room), [0, 3], "a mark does not go back");
        room.read_by("id-of-ann", 5, "id-of-ann");
        assert_eq!(room.unread(), 0);
        assert_eq!(room.take_unsent_read(), None, "the service knows it");
    }

    #[test]
    fn members_join_and_leave() {
        let mut room = with_members(RoomKind::Group, &["ann"]);
        let names = |room: &Room| -> Vec<String> {
            let members = room.about.members.iter().flatten();
            members.map(|member| member.user.name.clone()).collect()
        };
        room.member(user("bob"), true);
        room.presence.active("id-of-bob", at(0));
        room.typing.started(user("bob"), at(0));
        room.member(user("bob"), true);
        assert_eq!(names(&room), ["ann", "bob"]);
        assert!(
            room.presence.is_online("id-of-bob"),
            "a new member stays online"
        );
        room.member(user("bob"), false);
        assert_eq!(names(&room), ["ann"]);
        assert!(!room.presence.is_online("id-of-bob"));
        assert!(room.typing.names().is_empty());
    }

    #[test]
    fn missing_messages_are_requested_after_a_second_and_again_after_five() {
        let mut room = with_members(RoomKind::Group, &[]);
        room.log.newest(page("r", 1..=4), ME);
        let due: Vec<i64> = (0..13_000)
            .step_by(500)
            .filter(|now| room.needs_catch_up(at(*now)))
            .collect();
        assert_eq!(due, [1_000, 6_000, 11_000]);
        room.receive(message("r", 5), "id-of-ann");
        assert!(!room.needs_catch_up(at(20_000)));
    }

    #[test]
    fn a_room_is_described_by_its_newest_message_whether_or_not_it_is_loaded() {
        let mut known = with_members(RoomKind::Group, &["ann"]);
        known.receive(message("r", 7), "id-of-ann");
        known.receive(message("r", 6), "id-of-ann");
        known.update(room("r", 5), at(1));
        let last = known.about.last.clone().expect("a last message");
        assert_eq!((last.seq, last.text.as_str()), (7, "message 7"));
        assert_eq!(known.about.last_at, Some(at(7_000)));
        known.newest(page("r", 5..=8), ME);
        let long = Message {
            text: "x".repeat(200),
            ..message("r", 9)
        };
        assert_eq!(known.about.last.as_ref().map(|last| last.seq), Some(8));
        known.receive(long, "id-of-ann");
        let last = known.about.last.expect("a last message");
        assert_eq!(last.text.len(), LAST_CHARS);
    }

    #[test]
    fn a_mention_is_known_until_its_message_is_read() {
        let mut known = with_members(RoomKind::Group, &["ann"]);
        let mentioning = |seq, ids: &[&str]| Message {
            mentions: ids.iter().map(|id| (*id).to_owned()).collect(),
            ..message("r", seq)
        };
        known.receive(mentioning(6, &["id-of-eve"]), ME);
        assert!(!known.is_mentioned());
        known.newest(
            Page {
                messages: vec![mentioning(7, &["id-of-eve", ME])],
                ..empty_page()
            },
            ME,
        );
        assert!(known.is_mentioned());
        known.seen(7);
        assert!(!known.is_mentioned());
        known.receive(mentioning(8, &[EVERYBODY]), ME);
        assert!(known.is_mentioned());
    }

    #[test]
    fn an_update_neither_goes_back_nor_forgets() {
        let mut known = with_members(RoomKind::Group, &["ann"]);
        known.log.newest(empty_page(), ME);
        known.read_by("id-of-ann", 4, "id-of-ann");
        known.update(room("r", 3), at(1));
        assert_eq!((known.about.last_seq, known.about.read_seq), (5, 4));
        assert!(known.about.members.is_some());
        assert_eq!(known.take_unsent_read(), Some(4), "the mark is sent again");
    }
}
