//! A user's drafts and unacknowledged messages, in this browser. They outlive the
//! tab and the browser until they are sent or the user signs out; when a session
//! merely ends they wait for their owner. Every key names the user, so that
//! another one never reads them.
//!
//! Each message has a key of its own, so that tabs do not overwrite each other.
//! Where the browser stores nothing, as in some private windows, nothing outlives
//! the page.

use std::collections::BTreeMap;

use chat_client::Unsent;
use web_sys::Storage;

use crate::browser::{encoded, local_storage};
use crate::json;

/// Drafts longer than this are not stored with each key press: writing a megabyte
/// takes too long.
const LONGEST_DRAFT: usize = 50_000;

#[derive(Clone)]
pub struct UserStorage {
    drafts: String,
    unsent: String,
}

impl UserStorage {
    pub fn of(user: &str) -> Self {
        let user = encoded(user);
        Self {
            drafts: format!("draft/{user}/"),
            unsent: format!("unsent/{user}/"),
        }
    }

    pub fn draft(&self, room: &str) -> String {
        local_storage()
            .and_then(|storage| storage.get_item(&self.draft_key(room)).ok()?)
            .unwrap_or_default()
    }

    pub fn drafts(&self) -> BTreeMap<String, String> {
        let entries = entries(&self.drafts).into_iter();
        entries
            .filter_map(|(key, draft)| {
                let room = key.strip_prefix(&self.drafts)?;
                Some((room.to_owned(), draft))
            })
            .collect()
    }

    pub fn save_draft(&self, room: &str, text: &str) {
        if let Some(storage) = local_storage()
            && text.len() <= LONGEST_DRAFT
        {
            let key = self.draft_key(room);
            let _ = if text.is_empty() {
                storage.remove_item(&key)
            } else {
                storage.set_item(&key, text)
            };
        }
    }

    /// The room whose draft is stored under `key`.
    pub fn room_of_draft<'k>(&self, key: &'k str) -> Option<&'k str> {
        key.strip_prefix(self.drafts.as_str())
    }

    /// The unsent messages in the order in which they were written.
    pub fn unsent(&self) -> Vec<Unsent> {
        let texts = entries(&self.unsent).into_iter();
        let mut unsent: Vec<Unsent> = texts.filter_map(|(_, text)| json::parse(&text)).collect();
        unsent.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        unsent
    }

    /// Stores what is new in `after` and removes what is only in `before`.
    pub fn save_unsent(&self, before: &[Unsent], after: &[Unsent]) {
        let Some(storage) = local_storage() else {
            return;
        };
        for unsent in after.iter().filter(|unsent| !before.contains(unsent)) {
            let _ = storage.set_item(&self.unsent_key(&unsent.id), &json::text(unsent));
        }
        let is_sent = |old: &&Unsent| after.iter().all(|unsent| unsent.id != old.id);
        for sent in before.iter().filter(is_sent) {
            let _ = storage.remove_item(&self.unsent_key(&sent.id));
        }
    }

    /// Removes everything of this user.
    pub fn forget(&self) {
        let Some(storage) = local_storage() else {
            return;
        };
        for prefix in [&self.drafts, &self.unsent] {
            for key in keys(&storage, prefix) {
                let _ = storage.remove_item(&key);
            }
        }
    }

    fn draft_key(&self, room: &str) -> String {
        [self.drafts.as_str(), room].concat()
    }

    fn unsent_key(&self, id: &str) -> String {
        [self.unsent.as_str(), id].concat()
    }
}

fn entries(prefix: &str) -> Vec<(String, String)> {
    let Some(storage) = local_storage() else {
        return Vec::new();
    };
    let keys = keys(&storage, prefix).into_iter();
    keys.filter_map(|key| {
        let value = storage.get_item(&key).ok()??;
        Some((key, value))
    })
    .collect()
}

fn keys(storage: &Storage, prefix: &str) -> Vec<String> {
    let count = storage.length().unwrap_or(0);
    (0..count)
        .filter_map(|index| storage.key(index).ok()?)
        .filter(|key| key.starts_with(prefix))
        .collect()
}
