//! Changes of a group that are lines of the conversation: members that join, leave or
//! get another role, and another name or topic.

use std::collections::BTreeMap;

use chat_client::{Room, Timestamp};
use protocol::http::ChangePage;
use protocol::{Change, ChangeKind, MemberAct, RoomKind};

use crate::strings;

/// Changes that one request fetches.
pub const EVENTS_AT_ONCE: i64 = 200;

/// The known changes of the open group that are lines.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RoomEvents {
    by_rev: BTreeMap<i64, Change>,
    /// All changes after this `rev` are known; `None` before the first page.
    known_after: Option<i64>,
    /// The time of the oldest change that was fetched.
    known_since: Option<Timestamp>,
    /// The newest change of the log that was looked at.
    seen: i64,
}

impl RoomEvents {
    /// The lines in their order.
    pub fn lines(&self) -> impl Iterator<Item = &Change> {
        self.by_rev.values()
    }

    /// Adds what the log of the room has received since the last call. Returns
    /// whether there is a new line.
    pub fn follow(&mut self, room: &Room) -> bool {
        let before = self.by_rev.len();
        let mut seen = self.seen;
        for change in room.log.changes_since(self.seen) {
            seen = seen.max(change.rev);
            self.add(change);
        }
        self.seen = seen;
        self.by_rev.len() > before
    }

    /// The `after` of the next page to fetch, if lines among the loaded messages may
    /// be missing.
    pub fn missing(&self, room: &Room) -> Option<i64> {
        let rev = room
            .log
            .rev()
            .filter(|_| room.about.kind == RoomKind::Group)?;
        let before = match self.known_after {
            None => rev,
            Some(known) => {
                let first = room.log.messages().next().map(|message| message.at);
                let is_covered = match room.log.older_than() {
                    Some(_) => first >= self.known_since,
                    None => false,
                };
                if is_covered {
                    return None;
                }
                known
            }
        };
        (before > 0).then(|| (before - EVENTS_AT_ONCE).max(0))
    }

    /// Receives the page after `after`.
    pub fn receive(&mut self, page: &ChangePage, after: i64) {
        for change in &page.changes {
            self.add(change);
        }
        let oldest = page.changes.first().map(|change| change.at);
        self.known_since = match (oldest, self.known_since) {
            (Some(oldest), Some(known)) => Some(oldest.min(known)),
            (oldest, known) => oldest.or(known),
        };
        self.known_after = Some(after.min(self.known_after.unwrap_or(after)));
    }

    fn add(&mut self, change: &Change) {
        if is_line(&change.kind) {
            self.by_rev.insert(change.rev, change.clone());
        }
    }
}

fn is_line(kind: &ChangeKind) -> bool {
    match kind {
        ChangeKind::Room { name, topic } => name.is_some() || topic.is_some(),
        ChangeKind::Member { act, .. } => *act != MemberAct::Unknown,
        _ => false,
    }
}

/// What a change says to its reader.
pub fn event_text(change: &Change, me: &str) -> String {
    let by = strings::subject(&change.by, me);
    match &change.kind {
        ChangeKind::Room {
            name: Some(name), ..
        } => strings::renamed(&by, name),
        ChangeKind::Room {
            topic: Some(topic), ..
        } => strings::new_topic(&by, topic),
        ChangeKind::Member { user, act } => {
            let is_own = user.id == change.by.id;
            let user = strings::object(user, me);
            match act {
                MemberAct::Joined if is_own => strings::joined(&by),
                MemberAct::Joined => strings::added_member(&by, &user),
                MemberAct::Left => strings::left(&by),
                MemberAct::Removed => strings::removed_member(&by, &user),
                MemberAct::Owner => strings::made_owner(&by, &user),
                MemberAct::Moderator => strings::made_moderator(&by, &user),
                MemberAct::Member => strings::made_member(&by, &user),
                MemberAct::Unknown => String::new(),
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::samples::{at, message, talk, user};

    fn change(rev: i64, kind: ChangeKind) -> Change {
        Change {
            room: "r".into(),
            rev,
            seq: None,
            by: user("ann"),
            at: at(rev * 1_000),
            kind,
        }
    }

    fn member(rev: i64, name: &str, act: MemberAct) -> Change {
        let user = user(name);
        change(rev, ChangeKind::Member { user, act })
    }

    fn renamed(rev: i64) -> Change {
        change(
            rev,
            ChangeKind::Room {
                name: Some("Coffee".into()),
                topic: None,
            },
        )
    }

    #[test]
    fn a_change_names_the_reader_as_you() {
        let joined = member(1, "ann", MemberAct::Joined);
        assert_eq!(event_text(&joined, "id-of-eve"), "ann joined");
        assert_eq!(event_text(&joined, "id-of-ann"), "You joined");
        let added = member(1, "eve", MemberAct::Joined);
        assert_eq!(event_text(&added, "id-of-eve"), "ann added you");
        let removed = member(1, "bob", MemberAct::Removed);
        assert_eq!(event_text(&removed, "id-of-ann"), "You removed bob");
        assert_eq!(
            event_text(&renamed(1), "id-of-eve"),
            "ann renamed the group to “Coffee”"
        );
        let no_topic = change(
            1,
            ChangeKind::Room {
                name: None,
                topic: Some(String::new()),
            },
        );
        assert_eq!(event_text(&no_topic, "id-of-eve"), "ann removed the topic");
    }

    #[test]
    fn received_changes_become_lines_once_and_reactions_none() {
        let mut chat = talk(vec![message(1, "bob", 1_000)]);
        let mut events = RoomEvents::default();
        let kinds = [
            renamed(1),
            change(2, ChangeKind::Pin { on: true }),
            member(3, "bob", MemberAct::Unknown),
        ];
        for change in kinds {
            chat.receive(protocol::ServerFrame::Change(change), at(2_000));
        }
        let room = chat.open_room().expect("open");
        assert!(events.follow(room));
        assert!(!events.follow(room));
        assert_eq!(events.lines().map(|line| line.rev).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn pages_are_fetched_until_the_loaded_messages_are_covered() {
        let mut chat = talk(vec![message(1, "bob", 1_000)]);
        for rev in 1..=500 {
            chat.receive(protocol::ServerFrame::Change(renamed(rev)), at(2_000));
        }
        let room = chat.open_room().expect("open");
        let mut events = RoomEvents::default();
        let mut asked = Vec::new();
        while let Some(after) = events.missing(room) {
            asked.push(after);
            let changes = (after + 1..=after + EVENTS_AT_ONCE).map(renamed).collect();
            let page = ChangePage {
                changes,
                last_rev: 500,
            };
            events.receive(&page, after);
        }
        assert_eq!(asked, [300, 100, 0]);
        assert_eq!(events.lines().count(), 500);
    }

    #[test]
    fn a_group_without_changes_needs_no_request() {
        let chat = talk(vec![message(1, "bob", 1_000)]);
        let room = chat.open_room().expect("open");
        assert_eq!(RoomEvents::default().missing(room), None);
    }
}
