//! What one person has seen.

use std::collections::BTreeMap;

use chat_client::{Chat, Delivery, Link, Timestamp};

use crate::wait::now;

/// Who said it, and which of their messages it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Said {
    pub(super) person: u32,
    pub(super) number: u32,
}

/// How many messages a device keeps in memory; the view keeps what matters.
const KEPT: usize = 50;

/// All that a person has seen, in the order in which it appeared.
#[derive(Debug, Default)]
pub(super) struct View {
    person: u32,
    /// By room: the message at each place, from the first on.
    pub(super) rooms: BTreeMap<String, Vec<Option<Said>>>,
    /// From saying to seeing, of others' messages, in milliseconds.
    pub(super) deliveries: Vec<u32>,
    /// The same, where the receiver's socket was live all the time.
    pub(super) undisturbed: Vec<u32>,
    /// From saying to the acknowledgement, of one's own.
    pub(super) acks: Vec<u32>,
    /// What was refused for good, with the reason.
    pub(super) refused: Vec<String>,
    /// Own messages that are not acknowledged.
    pub(super) waiting: usize,
    /// How many rooms are being followed.
    pub(super) loaded: usize,
    /// How often a live socket was gone.
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

    /// Looks at what the library has.
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
            if !room.log.is_loaded() {
                continue;
            }
            self.loaded += 1;
            let seen = self.rooms.entry(id.clone()).or_default();
            let from = seen.len();
            for message in room.log.since(i64::try_from(from).expect("a count")) {
                let (said, at) = read(&message.id, &message.text);
                seen.push(said);
                let took = now.saturating_since(at).as_millis() as u32;
                if said.is_some_and(|said| said.person == self.person) {
                    self.acks.push(took);
                    continue;
                }
                self.deliveries.push(took);
                if self.live_since.is_some_and(|since| since <= at) {
                    self.undisturbed.push(took);
                }
            }
            room.log.forget_all_but(KEPT);
        }
    }
}

/// The text of a message: its id again, so that a text under a wrong id is
/// found, and when it was said.
pub(super) fn text(id: &str) -> String {
    format!("{id} at {}", now())
}

/// The id of a message.
pub(super) fn id(said: Said) -> String {
    format!("{}-{}", said.person, said.number)
}

/// Who said it and when; nobody, if the text is not that of the id.
pub(super) fn read(id: &str, text: &str) -> (Option<Said>, Timestamp) {
    let at = text
        .strip_prefix(id)
        .and_then(|rest| rest.strip_prefix(" at ")?.parse().ok())
        .map(Timestamp::from_millis);
    let said = id.split_once('-').and_then(|(person, number)| {
        Some(Said {
            person: person.parse().ok()?,
            number: number.parse().ok()?,
        })
    });
    match at {
        Some(at) => (said, at),
        None => (None, Timestamp::EPOCH),
    }
}
