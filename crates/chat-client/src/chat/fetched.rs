//! Responses to fetches.

use std::time::Duration;

use domain::Timestamp;
use protocol::http::Page;

use super::Chat;
use crate::effect::{Effect, Fetch, Fetched};

/// Time to wait before a failed request is retried.
const RETRY_DELAY: Duration = Duration::from_secs(3);

impl Chat {
    /// A request succeeded.
    pub fn fetched(&mut self, fetched: Fetched, now: Timestamp) -> Vec<Effect> {
        let effects = self.keep(fetched, now);
        self.mark_seen();
        effects
    }

    /// A request failed. It is retried if the error is transient: no response, `429`
    /// or `5xx`.
    pub fn fetch_failed(&mut self, fetch: Fetch, is_transient: bool, now: Timestamp) {
        match fetch {
            // Requested again when the user scrolls there.
            Fetch::Older { room, .. } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.fetching = false;
                }
            }
            fetch if is_transient => self.again.push((now + RETRY_DELAY, fetch)),
            Fetch::After { room, .. } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.caught_up();
                }
            }
            Fetch::Rooms | Fetch::Room { .. } | Fetch::Newest { .. } | Fetch::Around { .. } => {}
        }
    }

    /// The requests to retry now.
    pub(super) fn retry_fetches(&mut self, now: Timestamp) -> Vec<Effect> {
        self.again
            .extract_if(.., |(at, _)| *at <= now)
            .map(|(_, fetch)| Effect::Fetch(fetch))
            .collect()
    }

    fn keep(&mut self, fetched: Fetched, now: Timestamp) -> Vec<Effect> {
        match fetched {
            Fetched::Rooms(rooms) => return self.listed(rooms, true, now),
            Fetched::Room(about) => return self.learn(about, now),
            Fetched::Newest { room: id, page } => {
                let me = self.my_id().to_owned();
                match self.rooms.get_mut(&id) {
                    Some(room) => {
                        if !room.newest(page, &me) {
                            return vec![Effect::Fetch(Fetch::Newest { room: id })];
                        }
                    }
                    None => self.early_page = Some((id, page)),
                }
            }
            Fetched::Older { room: id, page } => {
                let me = self.my_id().to_owned();
                if let Some(room) = self.rooms.get_mut(&id) {
                    room.fetching = false;
                    room.note_mentions(&page.messages, &me);
                    if !room.log.older(page, &me)
                        && let Some(before) = room.log.older_than()
                    {
                        room.fetching = true;
                        return vec![Effect::Fetch(Fetch::Older { room: id, before })];
                    }
                }
            }
            Fetched::Around { room: id, page } => {
                let me = self.my_id().to_owned();
                if let Some(room) = self.rooms.get_mut(&id) {
                    room.note_mentions(&page.messages, &me);
                    room.log.around(page, &me);
                    let is_missing = room.is_missing_any();
                    let next = is_missing.then(|| room.catch_up()).flatten();
                    return next.map(Effect::Fetch).into_iter().collect();
                }
            }
            Fetched::After { room, after, page } => return self.after(&room, after, page),
        }
        Vec::new()
    }

    /// Fetches further pages until the newest known message is loaded, or a page has
    /// nothing new.
    fn after(&mut self, id: &str, after: i64, page: Page) -> Vec<Effect> {
        let me = self.my_id().to_owned();
        let Some(room) = self.rooms.get_mut(id) else {
            return Vec::new();
        };
        room.caught_up();
        let is_stale = room.log.is_stale();
        for message in &page.messages {
            room.note(message, &me);
        }
        let has_more = match room.log.after(after, page, &me) {
            true => room.log.is_stale() || room.is_missing_any(),
            // It was requested before the messages became stale.
            false => is_stale,
        };
        let next = has_more.then(|| room.catch_up()).flatten();
        next.map(Effect::Fetch).into_iter().collect()
    }
}
