//! The step at which an emailed code is asked for, in the tab's session storage:
//! phones reload the page while its user looks into the mail app.

use crate::browser::session_storage;
use crate::json;
use crate::state::CodeStep;

const KEY: &str = "code";

pub fn load() -> Option<CodeStep> {
    json::parse(&session_storage()?.get_item(KEY).ok()??)
}

/// Stores the step; removes it for `None`.
pub fn save(step: Option<&CodeStep>) {
    if let Some(storage) = session_storage() {
        let _ = match step {
            Some(step) => storage.set_item(KEY, &json::text(step)),
            None => storage.remove_item(KEY),
        };
    }
}
