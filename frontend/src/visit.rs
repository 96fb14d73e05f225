//! What this browser keeps about visits: whether somebody signed in here, so
//! that the rooms are loaded without waiting for the answer to who it is, and
//! that the service ended the last session, so that the way in says so. Neither
//! tells who it was.

use crate::browser::window;

/// Kept while somebody is signed in.
const HERE: &str = "here";
/// Kept from the end of a session until the way in has said so.
const ENDED: &str = "ended";

/// Somebody is in the rooms.
pub fn begin() {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(HERE, "1");
    }
}

/// Whether the last visit did not end with signing out.
pub fn goes_on() -> bool {
    let storage = window().local_storage().ok().flatten();
    storage.is_some_and(|storage| matches!(storage.get_item(HERE), Ok(Some(_))))
}

/// Whoever was here has signed out.
pub fn end() {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.remove_item(HERE);
    }
}

/// The service signed out whoever was here.
pub fn end_by_service() {
    end();
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(ENDED, "1");
    }
}

/// Whether the service ended the last session of this tab; once.
pub fn was_ended_by_service() -> bool {
    let Ok(Some(storage)) = window().session_storage() else {
        return false;
    };
    let was_ended = matches!(storage.get_item(ENDED), Ok(Some(_)));
    let _ = storage.remove_item(ENDED);
    was_ended
}
