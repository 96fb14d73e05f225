//! What this browser keeps about visits: whether somebody signed in here, so
//! that the rooms are loaded without waiting for the answer to who it is, and
//! that the service ended the last session, so that the way in says so. Neither
//! tells who it was.

use web_sys::Storage;

use crate::browser::{kept, kept_by_tab};

/// Kept while somebody is signed in.
const HERE: &str = "here";
/// Kept from the end of a session until the way in has said so.
const ENDED: &str = "ended";

/// Somebody is in the rooms.
pub fn begin() {
    note(kept(), HERE);
}

/// Whether the last visit did not end with signing out.
pub fn goes_on() -> bool {
    is_noted(kept(), HERE)
}

/// Whoever was here has signed out.
pub fn end() {
    forget(kept(), HERE);
}

/// The service signed out whoever was here.
pub fn end_by_service() {
    end();
    note(kept_by_tab(), ENDED);
}

/// Whether the service ended the last session of this tab; once.
pub fn was_ended_by_service() -> bool {
    let was_ended = is_noted(kept_by_tab(), ENDED);
    forget(kept_by_tab(), ENDED);
    was_ended
}

fn note(storage: Option<Storage>, what: &str) {
    if let Some(storage) = storage {
        let _ = storage.set_item(what, "1");
    }
}

fn is_noted(storage: Option<Storage>, what: &str) -> bool {
    storage.is_some_and(|storage| matches!(storage.get_item(what), Ok(Some(_))))
}

fn forget(storage: Option<Storage>, what: &str) {
    if let Some(storage) = storage {
        let _ = storage.remove_item(what);
    }
}
