//! What was asked for over HTTP.

use std::time::Duration;

use domain::Timestamp;
use protocol::Room as About;
use protocol::http::Page;

use super::Chat;
use crate::effect::{Effect, Fetch};

/// How long to wait before a failed request is made again.
const AGAIN: Duration = Duration::from_secs(3);

/// An answer to a [`Fetch`].
#[derive(Debug, Clone)]
pub enum Fetched {
    /// All rooms.
    Rooms(Vec<About>),
    /// One room with its members.
    Room(About),
    /// The newest page of a room.
    Newest {
        /// Which.
        room: String,
        /// Its messages.
        page: Page,
    },
    /// The page before what was there.
    Older {
        /// Which room.
        room: String,
        /// Its messages.
        page: Page,
    },
    /// The page after what was there.
    After {
        /// Which room.
        room: String,
        /// Its messages.
        page: Page,
    },
}

impl Chat {
    /// Takes an answer.
    pub fn fetched(&mut self, fetched: Fetched, now: Timestamp) -> Vec<Effect> {
        let effects = self.keep(fetched, now);
        self.look();
        effects
    }

    /// A request came to nothing. It is made again in a while if that may pass,
    /// which a missing answer, `429` and `5xx` may, and no other refusal.
    pub fn not_fetched(&mut self, fetch: Fetch, may_pass: bool, now: Timestamp) {
        match fetch {
            // Requested again when the user scrolls there.
            Fetch::Older { room, .. } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.fetching = false;
                }
            }
            fetch if may_pass => self.again.push((now + AGAIN, fetch)),
            Fetch::After { room, .. } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.caught_up();
                }
            }
            Fetch::Rooms | Fetch::Room { .. } | Fetch::Newest { .. } => {}
        }
    }

    /// The requests whose time to be made again has come.
    pub(super) fn fetch_again(&mut self, now: Timestamp) -> Vec<Effect> {
        self.again
            .extract_if(.., |(at, _)| *at <= now)
            .map(|(_, fetch)| Effect::Fetch(fetch))
            .collect()
    }

    fn keep(&mut self, fetched: Fetched, now: Timestamp) -> Vec<Effect> {
        match fetched {
            Fetched::Rooms(rooms) => return self.listed(rooms, true, now),
            Fetched::Room(about) => return self.learn(about, now),
            Fetched::Newest { room, page } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    let last = page.last_seq.unwrap_or(0);
                    room.about.last_seq = room.about.last_seq.max(last);
                    room.log.newest(page);
                }
            }
            Fetched::Older { room, page } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.fetching = false;
                    room.log.older(page);
                }
            }
            Fetched::After { room, page } => return self.after(&room, page),
        }
        Vec::new()
    }

    /// Goes on until the newest message known is here; a page that brings
    /// nothing new ends it too.
    fn after(&mut self, id: &str, page: Page) -> Vec<Effect> {
        let me = self.my_id().to_owned();
        let Some(room) = self.rooms.get_mut(id) else {
            return Vec::new();
        };
        room.caught_up();
        let before = room.log.cursor();
        for message in page.messages {
            room.hear(message, &me);
        }
        let has_more = room.log.cursor() > before && room.is_missing_any();
        let next = has_more.then(|| room.catch_up()).flatten();
        next.map(Effect::Fetch).into_iter().collect()
    }
}
