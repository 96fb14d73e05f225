//! What one has said and the service has not acknowledged. It stays in this tab
//! of the browser, so that loading the page anew loses nothing of it.

use crate::browser::kept_by_tab;
use crate::json;
use crate::state::Kept;

const KEY: &str = "unsent";

/// What somebody left unsent in this tab.
pub fn kept() -> Option<Kept> {
    json::parse(&kept_by_tab()?.get_item(KEY).ok()??)
}

/// Keeps what somebody has unsent. Where nothing can be kept, as in some private
/// windows, loading the page anew loses it.
pub fn keep(kept: &Kept) {
    let Some(storage) = kept_by_tab() else {
        return;
    };
    let _ = if kept.messages.is_empty() {
        storage.remove_item(KEY)
    } else {
        storage.set_item(KEY, &json::text(kept))
    };
}

/// Forgets it.
pub fn forget() {
    if let Some(storage) = kept_by_tab() {
        let _ = storage.remove_item(KEY);
    }
}
