//! A user's drafts, edits, recent emoji, and unacknowledged messages and changes, in this
//! browser. They outlive the tab and the browser until they are sent or the user signs out; when a session
//! merely ends they wait for their owner. Every key names the user, so that
//! another one never reads them.
//!
//! Each message has a key of its own, so that tabs do not overwrite each other.
//! Where the browser stores nothing, as in some private windows, nothing outlives
//! the page.

use std::collections::BTreeMap;

use chat_client::{Edit, Unsent};
use protocol::Quote;
use web_sys::Storage;

use crate::browser::{encoded, local_storage};
use crate::json::{self, Read, Write};

/// Drafts longer than this are not stored with each key press: writing a megabyte
/// takes too long.
const LONGEST_DRAFT: usize = 50_000;

#[derive(Clone)]
pub struct UserStorage {
    drafts: String,
    edits: String,
    replies: String,
    unsent: String,
    changes: String,
    emoji: String,
}

impl UserStorage {
    pub fn of(user: &str) -> Self {
        let user = encoded(user);
        Self {
            drafts: format!("draft/{user}/"),
            edits: format!("edit/{user}/"),
            replies: format!("reply/{user}/"),
            unsent: format!("unsent/{user}/"),
            changes: format!("change/{user}/"),
            emoji: format!("emoji/{user}/"),
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
            let text = (!text.is_empty()).then_some(text);
            store(&storage, &self.draft_key(room), text);
        }
    }

    /// The room whose draft is stored under `key`.
    pub fn room_of_draft<'k>(&self, key: &'k str) -> Option<&'k str> {
        key.strip_prefix(self.drafts.as_str())
    }

    /// The message that is edited in a room, and its new text so far.
    pub fn edit(&self, room: &str) -> Option<(i64, String)> {
        let stored = local_storage()?.get_item(&[&self.edits, room].concat());
        let stored = stored.ok()??;
        let (seq, text) = stored.split_once('/')?;
        Some((seq.parse().ok()?, text.to_owned()))
    }

    pub fn save_edit(&self, room: &str, edit: Option<(i64, &str)>) {
        if let Some(storage) = local_storage() {
            let edit = edit.map(|(seq, text)| format!("{seq}/{text}"));
            store(&storage, &[&self.edits, room].concat(), edit.as_deref());
        }
    }

    /// The message that the next one in a room answers.
    pub fn reply(&self, room: &str) -> Option<Quote> {
        let stored = local_storage()?.get_item(&[&self.replies, room].concat());
        json::parse(&stored.ok()??)
    }

    pub fn save_reply(&self, room: &str, quote: Option<&Quote>) {
        if let Some(storage) = local_storage() {
            let quote = quote.map(json::text);
            store(&storage, &[&self.replies, room].concat(), quote.as_deref());
        }
    }

    /// The emoji that were chosen last, newest first.
    pub fn recent_emoji(&self) -> Vec<String> {
        let stored = local_storage().and_then(|storage| storage.get_item(&self.emoji).ok()?);
        let stored = stored.unwrap_or_default();
        stored.split_whitespace().map(str::to_owned).collect()
    }

    pub fn save_recent_emoji(&self, recent: &[String]) {
        if let Some(storage) = local_storage() {
            store(&storage, &self.emoji, Some(&recent.join(" ")));
        }
    }

    /// The unsent messages in the order in which they were written.
    pub fn unsent(&self) -> Vec<Unsent> {
        unsent(&self.unsent)
    }

    /// Stores what is new in `after` and removes what is only in `before`.
    pub fn save_unsent(&self, before: &[Unsent], after: &[Unsent]) {
        save_unsent(&self.unsent, before, after);
    }

    /// The unsent changes in the order in which they were made.
    pub fn unsent_changes(&self) -> Vec<Unsent<Edit>> {
        unsent(&self.changes)
    }

    /// Stores what is new in `after` and removes what is only in `before`.
    pub fn save_unsent_changes(&self, before: &[Unsent<Edit>], after: &[Unsent<Edit>]) {
        save_unsent(&self.changes, before, after);
    }

    /// Removes everything of this user.
    pub fn forget(&self) {
        let Some(storage) = local_storage() else {
            return;
        };
        let prefixes = [
            &self.drafts,
            &self.edits,
            &self.replies,
            &self.unsent,
            &self.changes,
            &self.emoji,
        ];
        for prefix in prefixes {
            for key in keys(&storage, prefix) {
                let _ = storage.remove_item(&key);
            }
        }
    }

    fn draft_key(&self, room: &str) -> String {
        [self.drafts.as_str(), room].concat()
    }
}

fn store(storage: &Storage, key: &str, value: Option<&str>) {
    // Fails where the storage is full.
    let _ = match value {
        Some(value) => storage.set_item(key, value),
        None => storage.remove_item(key),
    };
}

fn unsent<C>(prefix: &str) -> Vec<Unsent<C>>
where
    Unsent<C>: Read,
{
    let texts = entries(prefix).into_iter();
    let mut unsent: Vec<Unsent<C>> = texts.filter_map(|(_, text)| json::parse(&text)).collect();
    unsent.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    unsent
}

fn save_unsent<C>(prefix: &str, before: &[Unsent<C>], after: &[Unsent<C>])
where
    Unsent<C>: PartialEq + Write,
{
    let Some(storage) = local_storage() else {
        return;
    };
    for unsent in after.iter().filter(|unsent| !before.contains(unsent)) {
        store(
            &storage,
            &[prefix, &unsent.id].concat(),
            Some(&json::text(unsent)),
        );
    }
    let is_sent = |old: &&Unsent<C>| after.iter().all(|unsent| unsent.id != old.id);
    for sent in before.iter().filter(is_sent) {
        store(&storage, &[prefix, &sent.id].concat(), None);
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
