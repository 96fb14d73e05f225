//! Actions on messages.

pub const REPLY: &str = "Reply";
pub const REACT: &str = "Add a reaction";
pub const MORE: &str = "More actions";
pub const MESSAGE_ACTIONS: &str = "Message actions";
pub const MESSAGES_HELP: &str = "Press Enter to select a message, then Enter for its actions.";
pub const COPY_TEXT: &str = "Copy text";
pub const COPY_LINK: &str = "Copy link";
pub const EDIT: &str = "Edit";
pub const PIN: &str = "Pin";
pub const UNPIN: &str = "Unpin";
pub const DELETE: &str = "Delete";
pub const DELETE_QUESTION: &str = "Delete this message?";
pub const DELETE_EXPLAINED: &str = "It is deleted for all members and cannot be restored.";
pub const EDITING: &str = "Editing";
pub const SAVE: &str = "Save";
pub const CANCEL_EDIT: &str = "Cancel editing";
pub const CANCEL_REPLY: &str = "Cancel the reply";
pub const EDITED: &str = "edited";
pub const EDITED_LABEL: &str = "Edited. Show earlier versions";
pub const VERSIONS: &str = "Earlier versions";
pub const NO_VERSIONS: &str = "There are no earlier versions.";
pub const DELETED: &str = "Message deleted";
pub const PINNED: &str = "Pinned message";
pub const IN_REPLY_TO: &str = "In reply to ";
pub const UNFOLD: &str = "Show more";
pub const FOLD: &str = "Show less";
pub const SEARCH_EMOJI: &str = "Search emoji";
pub const NO_EMOJI: &str = "No emoji found.";
pub const COMPLETIONS: &str = "Suggestions";
pub const INSERT_EMOJI: &str = "Insert an emoji";
pub const FORMER_MEMBER: &str = "a former member";
pub const ALL_MEMBERS: &str = "all members";

/// The tombstone of a message that another member deleted.
pub fn deleted_by(name: &str) -> String {
    format!("Message deleted by {name}")
}

/// The line above the composer.
pub fn replying_to(name: &str) -> String {
    format!("Reply to {name}")
}

/// The characters that may still be written.
pub fn characters_left(count: i64) -> String {
    match count {
        0.. => format!("{count} characters left"),
        _ => format!("{} characters too many", -count),
    }
}

/// Who reacted.
pub fn reacted(names: &[String], count: usize) -> String {
    let more = count.saturating_sub(names.len());
    let names = names.join(", ");
    match more {
        0 => names,
        _ => format!("{names} and {more} more"),
    }
}
