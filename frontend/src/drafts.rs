//! Drafts by room, in this browser's storage until they are sent or the user
//! signs out.

use crate::browser::local_storage;

const PREFIX: &str = "draft/";

pub fn of(room: &str) -> String {
    local_storage()
        .and_then(|storage| storage.get_item(&key(room)).ok()?)
        .unwrap_or_default()
}

/// Does nothing where the browser stores nothing, as in some private windows.
pub fn save(room: &str, text: &str) {
    if let Some(storage) = local_storage() {
        let _ = if text.is_empty() {
            storage.remove_item(&key(room))
        } else {
            storage.set_item(&key(room), text)
        };
    }
}

pub fn forget_all() {
    let Some(storage) = local_storage() else {
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
