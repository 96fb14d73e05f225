//! The part of a message that changes after it was sent.

use chat_client::{Chat, Delivery, Outgoing, Room, Timestamp};
use domain::limits::EDIT_WINDOW;
use protocol::{Message, Quote, Reaction, RoomKind, User};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Content {
    pub text: String,
    pub is_edited: bool,
    pub deleted: Option<Deleted>,
    pub reply_to: Option<Quote>,
    /// The ids of the mentioned users.
    pub mentions: Vec<String>,
    /// The user's own change that was rejected.
    pub rejected: Option<Rejected>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Deleted {
    ByAuthor,
    /// By another member, with their name.
    By(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    pub id: String,
    pub reason: String,
}

/// What a user may do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions {
    pub can_edit: bool,
    pub can_delete: bool,
    pub is_pinned: bool,
}

/// The tab's work on a message in the composer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Composing {
    /// The message that the next one answers.
    pub reply_to: Option<Quote>,
    /// The message whose text is edited.
    pub editing: Option<i64>,
}

/// A dialog about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sheet {
    pub seq: i64,
    pub kind: SheetKind,
    /// Where it opens, in pixels of the window.
    pub at: (i32, i32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SheetKind {
    Menu,
    React,
    /// The emoji to insert into the composer, of no message.
    Insert,
    Delete,
    Versions,
}

impl Content {
    pub fn of(message: &Message) -> Self {
        let deleted = message.deleted.as_ref().map(|deletion| {
            if deletion.by.id == message.from.id {
                Deleted::ByAuthor
            } else {
                Deleted::By(deletion.by.name.clone())
            }
        });
        Self {
            text: message.text.clone(),
            is_edited: message.edited_at.is_some(),
            deleted,
            reply_to: message.reply_to.clone(),
            mentions: message.mentions.clone(),
            rejected: None,
        }
    }

    pub fn of_outgoing(outgoing: &Outgoing) -> Self {
        Self {
            text: outgoing.content.text.clone(),
            reply_to: outgoing.content.reply_to.clone(),
            mentions: outgoing.content.mentions.clone(),
            ..Self::default()
        }
    }
}

/// Whether own changes of a message are not acknowledged.
pub fn has_own_changes(room: &Room, seq: i64) -> bool {
    room.changing
        .outgoing()
        .any(|outgoing| outgoing.content.seq == seq)
}

/// A message as its reader sees it, with own changes that are on their way.
pub fn shown(room: &Room, message: &Message, me: &User) -> (Content, Vec<Reaction>) {
    let current = room.with_pending(message, me);
    let mut content = Content::of(&current);
    content.rejected = room
        .changing
        .outgoing()
        .filter(|outgoing| outgoing.content.seq == message.seq)
        .find_map(|outgoing| match outgoing.delivery() {
            Delivery::Failed(reason) => Some(Rejected {
                id: outgoing.id.clone(),
                reason,
            }),
            Delivery::Pending | Delivery::Sent => None,
        });
    (content, current.reactions)
}

/// The actions on a message of the open room; none on a deleted one.
pub fn actions(chat: &Chat, seq: i64, now: Timestamp) -> Option<Actions> {
    let room = chat.open_room()?;
    let message = room.log.message(seq)?;
    let message = room.with_pending(message, chat.me.as_ref()?);
    if message.deleted.is_some() {
        return None;
    }
    let is_mine = message.from.id == chat.my_id();
    Some(Actions {
        can_edit: is_mine && is_editable(&message, now),
        can_delete: is_mine || moderates(chat),
        is_pinned: message.pinned,
    })
}

/// The newest own message of the open room that can be edited.
pub fn last_editable(chat: &Chat, now: Timestamp) -> Option<i64> {
    let room = chat.open_room()?;
    let mut messages = room.log.messages().rev();
    let last = messages
        .find(|message| message.from.id == chat.my_id() && message.deleted.is_none())
        .filter(|message| is_editable(message, now))?;
    Some(last.seq)
}

/// Whether the user may delete messages of others in the open room.
pub fn moderates(chat: &Chat) -> bool {
    chat.open_room().is_some_and(|room| {
        let mut members = room.about.members.iter().flatten();
        room.about.kind == RoomKind::Group
            && members.any(|member| {
                let moderates = member.role == protocol::Role::Owner || member.moderator;
                member.user.id == chat.my_id() && moderates
            })
    })
}

/// The newest pinned message among the loaded ones of the open room.
pub fn newest_pinned(chat: &Chat) -> Option<Quote> {
    let room = chat.open_room()?;
    let mut messages = room.log.messages().rev();
    let pinned = messages.find(|message| message.pinned && message.deleted.is_none())?;
    room.quote(pinned.seq)
}

/// The own reaction to a message with this emoji.
pub fn has_reacted(chat: &Chat, seq: i64, emoji: &str) -> bool {
    let (Some(room), Some(me)) = (chat.open_room(), &chat.me) else {
        return false;
    };
    room.log.message(seq).is_some_and(|message| {
        let message = room.with_pending(message, me);
        let mut reactions = message.reactions.iter();
        reactions.any(|reaction| reaction.emoji == emoji && reaction.mine)
    })
}

fn is_editable(message: &Message, now: Timestamp) -> bool {
    now.saturating_since(message.at) < EDIT_WINDOW
}

#[cfg(test)]
mod tests {
    use protocol::{Change, ChangeKind, ServerFrame};
    use serde_json::json;

    use super::*;
    use crate::state::samples::{at, message, talk, user};

    const DAY: i64 = 24 * 60 * 60 * 1_000;

    fn change(rev: i64, seq: i64, by: &str, kind: ChangeKind) -> ServerFrame {
        ServerFrame::Change(Change {
            room: "r".into(),
            rev,
            seq: Some(seq),
            by: user(by),
            at: at(5_000),
            kind,
        })
    }

    fn two_messages() -> Chat {
        talk(vec![message(1, "eve", 1_000), message(2, "bob", 2_000)])
    }

    fn content(chat: &Chat, seq: i64) -> (Content, Vec<Reaction>) {
        let room = chat.open_room().expect("open");
        let message = room.log.message(seq).expect("loaded");
        shown(room, message, chat.me.as_ref().expect("signed in"))
    }

    fn own(chat: &mut Chat, role: &str, moderator: bool) {
        let me = json!({"user": user("eve"), "role": role, "read_seq": 0,
            "moderator": moderator});
        let room = json!({"event": "added", "room": {"id": "r", "name": "Tea", "kind": "group",
            "last_seq": 2, "read_seq": 0, "members": [me]}});
        chat.receive_text(&room.to_string(), at(3_000));
    }

    #[test]
    fn own_messages_can_be_edited_for_a_day_and_deleted_later() {
        let chat = two_messages();
        let mine = actions(&chat, 1, at(2_000)).expect("not deleted");
        assert!(mine.can_edit && mine.can_delete);
        let later = actions(&chat, 1, at(1_000 + DAY)).expect("not deleted");
        assert!(!later.can_edit && later.can_delete);
        assert_eq!(last_editable(&chat, at(2_000)), Some(1));
        assert_eq!(last_editable(&chat, at(1_000 + DAY)), None);
    }

    #[test]
    fn only_the_owner_and_the_moderators_of_a_group_delete_messages_of_others() {
        let mut chat = two_messages();
        let can_delete = |chat: &Chat| actions(chat, 2, at(3_000)).map(|all| all.can_delete);
        assert_eq!(can_delete(&chat), Some(false));
        own(&mut chat, "member", false);
        assert_eq!(can_delete(&chat), Some(false));
        own(&mut chat, "member", true);
        assert_eq!(can_delete(&chat), Some(true));
        own(&mut chat, "owner", false);
        assert_eq!(can_delete(&chat), Some(true));
    }

    #[test]
    fn a_deleted_message_names_who_deleted_it_unless_that_is_its_author() {
        let mut chat = two_messages();
        chat.receive(change(1, 1, "bob", ChangeKind::Delete), at(5_000));
        chat.receive(change(2, 2, "bob", ChangeKind::Delete), at(5_000));
        assert_eq!(content(&chat, 1).0.deleted, Some(Deleted::By("bob".into())));
        assert_eq!(content(&chat, 2).0.deleted, Some(Deleted::ByAuthor));
        assert_eq!(actions(&chat, 1, at(5_000)), None);
        assert_eq!(last_editable(&chat, at(5_000)), None);
    }

    #[test]
    fn an_own_edit_is_shown_before_it_is_acknowledged() {
        let mut chat = two_messages();
        assert!(!has_own_changes(chat.open_room().expect("open"), 1));
        chat.edit("r", 1, "x".into(), "better", at(3_000))
            .expect("a text");
        let (content, _) = content(&chat, 1);
        assert_eq!(content.text, "better");
        assert!(content.is_edited);
        assert!(has_own_changes(chat.open_room().expect("open"), 1));
    }

    #[test]
    fn a_rejected_edit_shows_the_text_of_before_and_the_reason() {
        let mut chat = two_messages();
        chat.edit("r", 1, "x".into(), "better", at(3_000))
            .expect("a text");
        let problem = json!({"event": "problem", "error": "forbidden", "id": "x",
            "message": "Too old."});
        chat.receive_text(&problem.to_string(), at(3_100));
        let (content, _) = content(&chat, 1);
        assert_eq!(content.text, "message 1");
        let rejected = content.rejected.expect("a reason");
        assert_eq!(
            (rejected.id.as_str(), rejected.reason.as_str()),
            ("x", "Too old.")
        );
    }

    #[test]
    fn a_reaction_is_toggled_by_what_is_shown() {
        let mut chat = two_messages();
        assert!(!has_reacted(&chat, 2, "👍"));
        chat.react("r", 2, "x".into(), ("👍", true), at(3_000))
            .expect("a reaction");
        assert!(has_reacted(&chat, 2, "👍"));
        let [reaction] = &content(&chat, 2).1[..] else {
            panic!("one reaction");
        };
        assert_eq!((reaction.count, reaction.mine), (1, true));
    }

    #[test]
    fn the_newest_pinned_message_is_shown_until_it_is_unpinned() {
        let mut chat = two_messages();
        assert_eq!(newest_pinned(&chat), None);
        for (rev, seq) in [(1, 2), (2, 1)] {
            let pin = ChangeKind::Pin { on: true };
            chat.receive(change(rev, seq, "bob", pin), at(5_000));
        }
        assert_eq!(newest_pinned(&chat).map(|quote| quote.seq), Some(2));
        let unpin = ChangeKind::Pin { on: false };
        chat.receive(change(3, 2, "bob", unpin), at(5_000));
        assert_eq!(newest_pinned(&chat).map(|quote| quote.seq), Some(1));
    }
}
