//! What one has begun to write and not yet sent, by room. It stays in this
//! browser until it is sent or one signs out; tokens are never kept here.

use crate::browser::kept;

const PREFIX: &str = "draft/";

/// What was begun in a room.
pub fn of(room: &str) -> String {
    kept()
        .and_then(|storage| storage.get_item(&key(room)).ok()?)
        .unwrap_or_default()
}

/// Keeps what is begun in a room. A browser that keeps nothing, as in some
/// private windows, loses it with a reload and nothing more.
pub fn keep(room: &str, text: &str) {
    if let Some(storage) = kept() {
        let _ = if text.is_empty() {
            storage.remove_item(&key(room))
        } else {
            storage.set_item(&key(room), text)
        };
    }
}

/// Forgets all of them.
pub fn forget_all() {
    let Some(storage) = kept() else {
        return;
    };
    let count = storage.length().unwrap_or(0);
    let keys: Vec<String> = (0..count)
        .filter_map(|index| storage.key(index).ok()?)
        .filter(|key| key.starts_with(PREFIX))
        .collect();
    for key in keys {
        let _ = storage.remove_item(&key);
    }
}

fn key(room: &str) -> String {
    format!("{PREFIX}{room}")
}
