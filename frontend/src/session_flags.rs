//! Two flags in the browser's storage: that this browser is signed in, so that
//! the chat module loads while the session is resumed; and that the service
//! ended the last session, so that the sign-in form says so. Neither names a user.

use web_sys::Storage;

use crate::browser::{local_storage, session_storage};

const SIGNED_IN: &str = "here";
const ENDED: &str = "ended";

pub fn set_signed_in() {
    set(local_storage(), SIGNED_IN);
}

pub fn is_signed_in() -> bool {
    is_set(local_storage(), SIGNED_IN)
}

pub fn clear_signed_in() {
    clear(local_storage(), SIGNED_IN);
}

/// The service ended the session.
pub fn set_ended_by_service() {
    clear_signed_in();
    set(session_storage(), ENDED);
}

/// Whether the service ended the last session of this tab. Clears the flag.
pub fn take_ended_by_service() -> bool {
    let ended = is_set(session_storage(), ENDED);
    clear(session_storage(), ENDED);
    ended
}

fn set(storage: Option<Storage>, flag: &str) {
    if let Some(storage) = storage {
        let _ = storage.set_item(flag, "1");
    }
}

fn is_set(storage: Option<Storage>, flag: &str) -> bool {
    storage.is_some_and(|storage| matches!(storage.get_item(flag), Ok(Some(_))))
}

fn clear(storage: Option<Storage>, flag: &str) {
    if let Some(storage) = storage {
        let _ = storage.remove_item(flag);
    }
}
