//! The messages that one user has seen.

use std::collections::BTreeMap;

use chat_client::{Chat, Delivery, Link, Timestamp};

use crate::wait::now;

/// A message: its sender and its number among the sender's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Sent {
    pub(super) person: u32,
    pub(super) number: u32,
}

/// The number of messages that a device keeps in memory per room.
const IN_MEMORY: usize = 50;

/// What a user has seen, in the order of appearance.
#[derive(Debug, Default)]
pub(super) struct View {
    person: u32,
    /// The messages of each room, from the first on.
    pub(super) rooms: BTreeMap<String, Vec<Option<Sent>>>,
    /// From sending to seeing, of others' messages, in milliseconds.
    pub(super) deliveries: Vec<u32>,
    /// The same, while the receiver's socket was live all the time.
    pub(super) undisturbed: Vec<u32>,
    /// From sending to the acknowledgement, of own messages.
    pub(super) acks: Vec<u32>,
    /// The reasons of permanent refusals.
    pub(super) refused: Vec<String>,
    /// Own messages and changes that are not acknowledged yet.
    pub(super) waiting: usize,
    /// The number of loaded rooms.
    pub(super) loaded: usize,
    /// How often a live socket was lost.
    pub(super) broken_links: usize,
    live_since: Option<Timestamp>,
}

impl View {
    pub(super) fn of(person: usize) -> Self {
        Self {
            person: u32::try_from(person).expect("there are fewer people"),
            ..Self::default()
        }
    }

    /// Updates the view from the client library's state.
    pub(super) fn look(&mut self, chat: &mut Chat) {
        let now = now();
        self.live_since = match chat.link {
            Link::Live => self.live_since.or(Some(now)),
            _ => {
                self.broken_links += usize::from(self.live_since.is_some());
                None
            }
        };
        self.waiting = 0;
        self.loaded = 0;
        for (id, room) in &mut chat.rooms {
            for outgoing in room.pending.outgoing() {
                match outgoing.delivery() {
                    Delivery::Failed(reason) => self.refused.push(reason),
                    _ => self.waiting += 1,
                }
            }
            let changing = room.changing.outgoing();
            // A change is refused if its message was deleted meanwhile.
            self.waiting += changing
                .filter(|outgoing| outgoing.delivery() == Delivery::Pending)
                .count();
            if !room.log.is_loaded() {
                continue;
            }
            self.loaded += 1;
            let seen = self.rooms.entry(id.clone()).or_default();
            let from = seen.len();
            for message in room.log.since(i64::try_from(from).expect("a count")) {
                let (sent, at) = read(&message.id, &message.text);
                seen.push(sent);
                let Some(at) = at else {
                    continue;
                };
                let took = now.saturating_since(at).as_millis() as u32;
                if sent.is_some_and(|sent| sent.person == self.person) {
                    self.acks.push(took);
                    continue;
                }
                self.deliveries.push(took);
                if self.live_since.is_some_and(|since| since <= at) {
                    self.undisturbed.push(took);
                }
            }
            room.log.forget_all_but(IN_MEMORY);
        }
    }
}

/// The text of a message: its id, so that a text under a wrong id is detected, and
/// the time.
pub(super) fn text(id: &str) -> String {
    format!("{id} at {}", now())
}

/// The text of a message after its edit number `edit`.
pub(super) fn edited(text: &str, edit: u32) -> String {
    let original = text.split('#').next().unwrap_or(text);
    format!("{original}#{edit}")
}

/// The id of a message.
pub(super) fn id(sent: Sent) -> String {
    format!("{}-{}", sent.person, sent.number)
}

/// The message and its time, which a deleted message lacks; no message if the text does
/// not belong to the id.
pub(super) fn read(id: &str, text: &str) -> (Option<Sent>, Option<Timestamp>) {
    let original = text.split('#').next().unwrap_or(text);
    let at = original
        .strip_prefix(id)
        .and_then(|rest| rest.strip_prefix(" at ")?.parse().ok())
        .map(Timestamp::from_millis);
    let sent = id.split_once('-').and_then(|(person, number)| {
        Some(Sent {
            person: person.parse().ok()?,
            number: number.parse().ok()?,
        })
    });
    match at {
        None if !text.is_empty() => (None, None),
        at => (sent, at),
    }
}
