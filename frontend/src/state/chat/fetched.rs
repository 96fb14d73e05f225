//! What was asked for over HTTP.

use domain::Millis;
use wire::Room as About;
use wire::http::Page;

use super::Chat;
use crate::state::effect::Effect;

/// An answer to one of the fetching effects.
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
        /// Its messages; none when the request failed and may be made again.
        page: Option<Page>,
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
    pub fn fetched(&mut self, fetched: Fetched, now: Millis) -> Vec<Effect> {
        let effects = self.keep(fetched, now);
        self.look();
        effects
    }

    fn keep(&mut self, fetched: Fetched, now: Millis) -> Vec<Effect> {
        match fetched {
            Fetched::Rooms(rooms) => self.listed(rooms, true, now),
            Fetched::Room(about) => self.learn(about, now),
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
                    if let Some(page) = page {
                        room.log.older(page);
                    }
                }
            }
            Fetched::After { room, page } => return self.after(room, page),
        }
        Vec::new()
    }

    /// Goes on until the newest message known is here; a page that brings
    /// nothing new ends it too.
    fn after(&mut self, id: String, page: Page) -> Vec<Effect> {
        let me = self.my_id().to_owned();
        let Some(room) = self.rooms.get_mut(&id) else {
            return Vec::new();
        };
        let before = room.log.cursor();
        for message in page.messages {
            room.hear(message, &me);
        }
        match room.log.cursor() {
            Some(after) if Some(after) > before && after < room.about.last_seq => {
                vec![Effect::FetchAfter { room: id, after }]
            }
            _ => Vec::new(),
        }
    }
}
