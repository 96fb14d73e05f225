//! Unacknowledged messages, in this tab's session storage: a reload loses nothing.

use crate::browser::session_storage;
use crate::json;
use crate::state::SavedMessages;

const KEY: &str = "unsent";

pub fn load() -> Option<SavedMessages> {
    json::parse(&session_storage()?.get_item(KEY).ok()??)
}

/// Does nothing where the browser stores nothing, as in some private windows.
pub fn save(saved: &SavedMessages) {
    let Some(storage) = session_storage() else {
        return;
    };
    let _ = if saved.messages.is_empty() {
        storage.remove_item(KEY)
    } else {
        storage.set_item(KEY, &json::text(saved))
    };
}

pub fn forget() {
    if let Some(storage) = session_storage() {
        let _ = storage.remove_item(KEY);
    }
}
